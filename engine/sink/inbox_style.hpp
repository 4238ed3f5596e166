// The style sheet of the inbox: one set of colours for light, one for dark; rows become cards on a phone.
#pragma once

#include <string_view>

namespace sluice::sink {

inline constexpr std::string_view kInboxStyle = R"css(
:root{color-scheme:light dark;--page:#f4f5f7;--card:#fff;--ink:#1b2430;--quiet:#5f6b7d;--line:#e3e7ec;
--ok:#0f7f61;--bad:#c0392b;--shade:#eef1f4;--link:#1f5fa8}
@media(prefers-color-scheme:dark){:root{--page:#12161c;--card:#1b212a;--ink:#e6ebf1;--quiet:#94a1b2;
--line:#2c3541;--ok:#34b48f;--bad:#f0786a;--shade:#232b36;--link:#7db4ef}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1080px;margin:0 auto;padding:24px 20px 48px}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
h1{font-size:22px;line-height:1.3;margin:0 0 4px;overflow-wrap:anywhere}
.quiet{color:var(--quiet);margin:0;font-size:14px}
form{display:flex;gap:8px;margin:16px 0}
input{flex:1;min-width:0;font:inherit;padding:7px 12px;border:1px solid var(--line);border-radius:8px;
background:var(--card);color:var(--ink)}
button{font:inherit;padding:7px 14px;border:1px solid var(--line);border-radius:8px;background:var(--card);
color:var(--ink)}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;overflow:hidden;margin-top:16px}
.row{display:grid;grid-template-columns:minmax(0,2fr) minmax(0,3fr) auto;gap:2px 16px;padding:10px 16px;
border-top:1px solid var(--line);color:inherit}
.row:first-child{border-top:0}.row:hover{background:var(--shade);text-decoration:none}
.row>*{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.row b{font-weight:600}.row small{color:var(--quiet);font-size:13px;font-variant-numeric:tabular-nums}
.pages{display:flex;justify-content:space-between;margin-top:16px}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:4px 16px;margin:0;padding:14px 16px}
dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}
.ok{color:var(--ok);font-weight:600}.bad{color:var(--bad);font-weight:600}
nav{display:flex;flex-wrap:wrap;gap:6px;margin-top:16px}
nav a{padding:5px 14px;border-radius:99px;border:1px solid var(--line);background:var(--card)}
nav a.here{background:var(--ink);color:var(--page);border-color:var(--ink)}
iframe{display:block;width:100%;height:75vh;min-height:420px;border:0;background:#fff;color-scheme:light}
iframe.narrow{width:360px;max-width:100%;margin:0 auto}
pre{margin:0;padding:14px 16px;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;
white-space:pre-wrap;overflow-wrap:anywhere;tab-size:8}
.none{padding:28px 16px;text-align:center;color:var(--quiet);margin:0}
.fields dt{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px}
.fields dd{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px}
@media(max-width:640px){main{padding:16px 12px 32px}h1{font-size:19px}
.row{grid-template-columns:minmax(0,1fr) auto}.row b{grid-column:1/-1;grid-row:1}
.row small{font-size:12px}.row small span{display:none}
dl{grid-template-columns:minmax(0,1fr);gap:0}dd{margin-bottom:8px}}
@media print{iframe{height:auto}}
)css";

}  // namespace sluice::sink
