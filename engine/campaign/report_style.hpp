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
body{margin:0;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
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
.f-ok{fill:var(--ok)}.f-bad{fill:var(--bad)}.f-wait{fill:var(--wait)}
.f-gone{fill:var(--gone)}.f-held{fill:var(--held)}.f-queue{fill:var(--queue)}.hit{fill:transparent}
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
th{font-weight:500;text-align:right}
thead th{color:var(--quiet);padding:0 0 8px 14px;vertical-align:bottom}
td,tbody th{text-align:right;padding:8px 0 8px 14px;border-top:1px solid var(--line)}
td{white-space:nowrap}
th:first-child{text-align:left;padding-left:0}
tbody th{overflow-wrap:anywhere;min-width:110px}
.kind{display:flex;justify-content:space-between;gap:12px;font-weight:600;margin-top:18px}
.kind:first-of-type{margin-top:0}
.kind span{font-variant-numeric:tabular-nums}
.reply{margin:8px 0 0;padding:9px 12px;background:var(--shade);border-radius:8px;font-size:13px}
.reply code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;
white-space:pre-wrap;overflow-wrap:anywhere}
.reply small{color:var(--quiet);display:block;font-size:12px;overflow-wrap:anywhere}
.quiet{color:var(--quiet);margin:0 0 12px}
.more{margin:8px 0 0;font-size:13px}
h3{font-size:14px;margin:24px 0 10px}
.hold{margin-top:14px;break-inside:avoid}.hold .kind{margin:0;font-size:14px}
.hold .kind span{color:var(--quiet);font-weight:400;font-size:13px;text-align:right}
.hold p{margin:4px 0 0;font-size:13px;color:var(--quiet);overflow-wrap:anywhere}
.hold b{color:var(--ink);font-weight:500}
.span{position:relative;height:8px;border-radius:4px;background:var(--shade);margin-top:5px;overflow:hidden}
.span i{position:absolute;top:0;bottom:0;min-width:3px;border-radius:4px}
.note{border-left:3px solid var(--wait);padding-left:12px;margin:14px 0 0}
.alarm{border-left:3px solid var(--bad);padding:2px 0 2px 12px;margin:14px 0 0;font-weight:600}
footer{color:var(--quiet);font-size:13px;margin-top:20px}
@media screen and (max-width:640px){main{padding:18px 12px 32px}h1{font-size:21px}
section{padding:16px;border-radius:10px}
.tiles{grid-template-columns:repeat(2,1fr);gap:8px}.tile{padding:10px 12px}
.tile b{font-size:20px}.chart svg{height:150px}.scroll{margin:0 -16px;padding:0 16px}
thead{display:none}table,tbody,tr,tbody th,td{display:block}
tr{border-top:1px solid var(--line);padding:10px 0;display:grid;
grid-template-columns:repeat(2,minmax(0,1fr));gap:2px 18px}
tbody tr:first-child{border-top:0;padding-top:0}
tbody th{grid-column:1/-1;padding:0;border:0;font-weight:600}
td{border:0;padding:0;display:flex;justify-content:space-between;gap:8px;white-space:normal;
overflow-wrap:anywhere}
td::before{content:attr(data-l);color:var(--quiet);text-align:left}
.hold .kind{display:block}.hold .kind span{display:block;text-align:left}}
@page{margin:14mm}
@media print{:root{--page:#fff;--card:#fff;--ink:#000;--quiet:#444;--line:#ccc;--ok:#138a6b;--bad:#c9402f;
--wait:#d9971c;--gone:#8a6fb0;--held:#7b8794;--queue:#2f74c0;--shade:#eef1f4;color-scheme:light}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{font-size:10pt}main{max-width:none;padding:0}
section{padding:10px 12px}.tile{padding:8px 12px}.tile b{font-size:16pt}
.scroll{overflow:visible;margin:0;padding:0}table{font-size:8.5pt}th,td{padding-left:8px}
thead{display:table-header-group}tr,.tile,.reply,.chart,.kind{break-inside:avoid}
h2,h3,.kind{break-after:avoid}
section{break-inside:auto}}
)css";

}  // namespace sluice::campaign
