#include "cli/conformance/report_html_parts.h"

namespace websub::cli::conformance::html {

const std::string_view kStyle = R"css(
:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f4f5f7; --text: #1b1f24; --dim: #5b636e; --line: #d3d8de;
  --good: #1a7f37; --bad: #c6222f; --weak: #8f5f00; --accent: #0b5fb5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171b; --raised: #1e2227; --text: #e4e7eb; --dim: #9aa4af; --line: #3a4149;
    --good: #4cc26a; --bad: #ff7b7f; --weak: #e0ad4c; --accent: #73b4ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 72rem; padding: 1.5rem; background: var(--ground);
  color: var(--text); font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
}
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; font-weight: 400; margin: 0; }
h4 { font-size: .8rem; margin: .75rem 0 .25rem; color: var(--dim); }
p { margin: .25rem 0; }
a { color: var(--accent); }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
h1 .conforms { font-size: 1rem; padding: .15rem .6rem; border: 1px solid; border-radius: 1rem; }
.about, .level, .requirement { color: var(--dim); }
.folded > summary { cursor: pointer; color: var(--good); padding-left: .8rem; }
.level { font-size: .75rem; letter-spacing: .04em; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child { text-align: left; }
thead th { color: var(--dim); font-weight: 400; font-size: .85rem; }
td { font-variant-numeric: tabular-nums; }
td.passed, .conforms.passed, .passed .verdict { color: var(--good); }
td.failed, .conforms.failed, .failed .verdict, li.failed > a { color: var(--bad); }
td.weak, .weak .verdict { color: var(--weak); }
td.unknown, .unknown .verdict, .unknown { color: var(--dim); }
.verdict { font-weight: 600; }
ul { list-style: none; margin: 0; padding: 0; }
.case { padding: .3rem 0 .3rem .8rem; border-left: 3px solid transparent; }
.case.failed { border-color: var(--bad); background: var(--raised); margin: .5rem 0; }
.case.weak { border-color: var(--weak); background: var(--raised); margin: .5rem 0; }
.case:target { outline: 2px solid var(--accent); }
.failures li { padding: .15rem 0; }
.sequence { overflow-x: auto; margin: .75rem 0; padding: .5rem; background: var(--ground); }
.sequence ol { list-style: none; margin: 0; padding: 0; }
.sequence summary { display: block; cursor: pointer; line-height: 0; width: max-content; }
.sequence summary:hover { background: var(--raised); }
.sequence summary:focus-visible { outline: 2px solid var(--accent); }
.sequence details[open] {
  border: 1px solid var(--line); border-radius: .3rem; margin: .25rem 0; padding: 0 .5rem .5rem 0;
}
.sequence details > :not(summary) { margin-left: 1rem; }
.sequence pre {
  margin: 0 0 0 1rem; padding: .5rem; background: var(--raised); white-space: pre-wrap;
  max-height: 30rem; overflow: auto;
}
.sequence pre .head { color: var(--dim); }
.sequence pre i { color: var(--accent); opacity: .6; }
svg { display: block; font: 12px ui-monospace, monospace; }
svg .lane { stroke: var(--line); stroke-width: 1; }
svg .box { fill: var(--raised); stroke: var(--line); }
svg text { fill: var(--text); }
svg text.name { text-anchor: middle; font-weight: 600; }
svg text.label { text-anchor: middle; }
svg text.time { fill: var(--dim); font-size: 11px; }
svg line.fine { stroke: var(--text); } svg path.fine { fill: var(--text); }
svg line.bad { stroke: var(--bad); } svg path.bad, svg text.bad { fill: var(--bad); }
svg line.lost { stroke: var(--bad); stroke-dasharray: 3 4; }
svg path.lost, svg text.lost { fill: var(--bad); }
@media print { body { max-width: none; } .case { break-inside: avoid; } }
)css";

}  // namespace websub::cli::conformance::html
