"""How a report looks: light and dark on screen, light on paper. Colours are Okabe and Ito's."""

STYLE = """
:root{color-scheme:light dark;--ink:#1b2328;--soft:#53616a;--ground:#fff;--line:#d5dce0;
--shade:0,114,178;--c0:#0072b2;--c1:#b34700;--c2:#00795a;--c3:#a0457a}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e8edf0;--soft:#a9b6be;--ground:#14191d;
--line:#36424a;--shade:86,180,233;--c0:#56b4e9;--c1:#e69f00;--c2:#2fc29b;--c3:#e09cc4}}
@media print{:root{--ink:#000;--soft:#444;--ground:#fff;--line:#bbb;--shade:0,114,178;--c0:#0072b2;
--c1:#b34700;--c2:#00795a;--c3:#a0457a;color-scheme:light}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;color:var(--ink);
background:var(--ground);margin:0 auto;max-width:62rem;padding:1.5rem}
h1{font-size:1.9rem;line-height:1.2;margin:.5rem 0}
h2{font-size:1.4rem;margin:2.5rem 0 .5rem;border-bottom:1px solid var(--line);
padding-bottom:.2rem}
h3{font-size:1.1rem;margin:1.5rem 0 .3rem}
a{color:var(--c0)}
nav ol{columns:2 16rem;padding-left:1.4rem;margin:1rem 0}
p{max-width:46rem;margin:.6rem 0}
.note,figcaption,caption,footer{color:var(--soft);font-size:.9rem}
.warning{border-left:4px solid var(--c1);padding-left:.8rem}
.wide{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;font-size:.92rem;min-width:20rem}
caption{text-align:left;padding-bottom:.3rem}
th,td{padding:.25rem .7rem .25rem 0;border-bottom:1px solid var(--line);text-align:left;
vertical-align:top}
td.n,thead th.n{text-align:right;font-variant-numeric:tabular-nums}
td{overflow-wrap:anywhere}
code{font-size:.92em;overflow-wrap:anywhere}
tbody th{font-weight:600;overflow-wrap:anywhere}
td.shade{padding:.35rem .8rem;background:rgba(var(--shade),calc(var(--share)*.45));
print-color-adjust:exact;-webkit-print-color-adjust:exact}
td.shade small{display:block;color:inherit}
figure{margin:1rem 0}
svg{width:100%;max-width:680px;height:auto;display:block}
svg text{fill:var(--ink);font:13px system-ui,-apple-system,"Segoe UI",sans-serif}
svg .grid{stroke:var(--line)}
svg .zero{stroke:var(--soft);stroke-dasharray:3 3}
svg .l{fill:none;stroke-width:2}
.s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}
.f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}
.tile{border:1px solid var(--line);border-radius:6px;padding:.8rem;margin:1rem 0;
break-inside:avoid}
.tile h3{margin-top:0;overflow-wrap:anywhere}
.row{display:flex;flex-wrap:wrap;gap:.8rem}
.row figure{margin:0;width:216px}
.row>div{width:216px}
.row img{max-width:100%;height:auto;display:block}
.pale img{opacity:.45}
.badge{font-weight:600;border:1px solid currentColor;border-radius:1em;padding:0 .6em;
font-size:.85rem}
summary{cursor:pointer;color:var(--c0);margin:.5rem 0}
:focus-visible{outline:2px solid var(--c0);outline-offset:2px}
@media print{body{max-width:none;padding:0;font-size:10.5pt}
nav,details.long:not([open]){display:none}
details::details-content{content-visibility:visible;display:block}
h2{break-after:avoid}figure,tr{break-inside:avoid}.wide{overflow:visible}
a{color:inherit;text-decoration:none}section{break-inside:auto}}
"""
