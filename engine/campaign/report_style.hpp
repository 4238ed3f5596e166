// The style sheet of report.html: one set of colours for light, one for dark; a single column below 640 px.
#pragma once

#include <string_view>

namespace sluice::campaign {

inline constexpr std::string_view kReportStyle = R"css(
:root{color-scheme:light dark;--page:#f4f5f7;--card:#fff;--ink:#1b2430;--quiet:#647083;--line:#e3e7ec;
--ok:#138a6b;--bad:#c9402f;--wait:#d9971c;--gone:#8a6fb0;--held:#7b8794;--queue:#2f74c0;--shade:#eef1f4}
@media(prefers-color-scheme:dark){:root{--page:#12161c;--card:#1b212a;
--ink:#e6ebf1;--quiet:#94a1b2;--line:#2c3541;
--ok:#34b48f;--bad:#e8695a;--wait:#e3ac45;--gone:#a68fcc;--held:#8d99a8;--queue:#5b9be0;--shade:#232b36}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}
main{max-width:980px;margin:0 auto;padding:28px 20px 48px}
header{margin-bottom:20px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:16px;margin:0 0 14px}
header p{margin:2px 0;color:var(--quiet);overflow-wrap:anywhere}
.state{display:inline-block;padding:2px 10px;border-radius:99px;font-size:13px;font-weight:600;color:#fff;
background:var(--held);vertical-align:4px;margin-left:8px}
.state.done{background:var(--ok)}.state.failed,.state.cancelled{background:var(--bad)}
.state.running{background:var(--queue)}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:20px;margin-top:16px}
.tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:12px;margin-top:16px}
.tile{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:14px 16px}
.tile span{display:block;color:var(--quiet);font-size:13px}
.tile b{display:block;font-size:25px;line-height:1.3;font-weight:650;font-variant-numeric:tabular-nums}
.share{display:flex;height:26px;border-radius:7px;overflow:hidden;gap:2px;background:var(--card)}
.share i{display:block;min-width:4px;flex-basis:0}
.b-ok{background:var(--ok)}.b-bad{background:var(--bad)}
.b-wait{background:var(--wait)}.b-gone{background:var(--gone)}
.b-held{background:var(--held)}.b-queue{background:var(--queue)}
.f-ok{fill:var(--ok)}.f-bad{fill:var(--bad)}.f-wait{fill:var(--wait)}.hit{fill:transparent}
g:hover .hit{fill:var(--shade)}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;padding:0;margin:12px 0 0;font-size:14px}
.legend i{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:7px}
.legend span{color:var(--quiet)}
.legend b,td{font-variant-numeric:tabular-nums}
.chart{display:grid;grid-template-columns:auto 1fr;column-gap:10px}
.chart svg{display:block;width:100%;height:200px}
.grid{stroke:var(--line);stroke-width:1;vector-effect:non-scaling-stroke}
.y,.x{display:flex;justify-content:space-between;color:var(--quiet);
font-size:12px;font-variant-numeric:tabular-nums}
.y{flex-direction:column;text-align:right;margin:-9px 0}
.x{grid-column:2;margin-top:6px}
.scroll{overflow-x:auto;margin:0 -20px;padding:0 20px}
table{border-collapse:collapse;width:100%;font-size:14px}
th{color:var(--quiet);font-weight:500;text-align:right;padding:0 0 8px 14px;white-space:nowrap}
td{text-align:right;padding:8px 0 8px 14px;border-top:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child{text-align:left;padding-left:0}
td:first-child{white-space:normal;overflow-wrap:anywhere;min-width:110px}
.cell{display:flex;width:120px;height:8px;border-radius:4px;overflow:hidden;
background:var(--shade);margin-left:auto}
.kind{display:flex;justify-content:space-between;gap:12px;font-weight:600;margin-top:18px}
.kind:first-of-type{margin-top:0}
.kind span{font-variant-numeric:tabular-nums}
.reply{margin:8px 0 0;padding:9px 12px;background:var(--shade);border-radius:8px;font-size:13px}
.reply code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;
white-space:pre-wrap;overflow-wrap:anywhere}
.reply small{color:var(--quiet);display:block;font-size:12px;overflow-wrap:anywhere}
.quiet{color:var(--quiet);margin:0}
.note{border-left:3px solid var(--wait);padding-left:12px;margin:12px 0 0}
.note small{color:var(--quiet);display:block;font-size:13px}
.alarm{border-left:3px solid var(--bad);padding:2px 0 2px 12px;margin:14px 0 0;font-weight:600}
footer{color:var(--quiet);font-size:13px;margin-top:20px}
@media(max-width:640px){main{padding:18px 12px 32px}h1{font-size:21px}section{padding:16px;border-radius:10px}
.tiles{grid-template-columns:repeat(2,1fr);gap:8px}.tile{padding:10px 12px}
.tile b{font-size:20px}.wide{display:none}
.chart svg{height:150px}.scroll{margin:0 -16px;padding:0 16px}th,td{padding-left:10px}}
@media print{body{background:#fff}section,.tile{break-inside:avoid}}
)css";

}  // namespace sluice::campaign
