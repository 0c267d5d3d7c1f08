"""The looks of the report's page: its own, since it is a document that leaves OpenDeep."""

STYLE = """
:root{color-scheme:light dark;--ground:#f6f5f1;--surface:#fffefb;--line:#e0ddd3;--text:#1f2421;
--muted:#5d645f;--accent:#0f6b5c;--good:#1c6b3a;--good-soft:#dcefe1;--warn:#855200;
--warn-soft:#fbeccd;--bad:#a3281f;--bad-soft:#fae1dd;--busy:#2b5a94;--busy-soft:#dfe9f6;
--off:#8a8d85;--off-soft:#e6e4dc}
@media (prefers-color-scheme:dark){:root{--ground:#131614;--surface:#1b1f1d;--line:#2e3431;
--text:#e9ece8;--muted:#a2aaa5;--accent:#5cc5ae;--good:#7fce9b;--good-soft:#1d3526;--warn:#edbf6c;
--warn-soft:#3a2e16;--bad:#f19a8f;--bad-soft:#40211d;--busy:#93bbee;--busy-soft:#1f2f44;
--off:#8b938e;--off-soft:#2a302d}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);overflow-wrap:anywhere;
font:16px/1.55 ui-sans-serif,system-ui,-apple-system,"Segoe UI","Helvetica Neue",Arial,sans-serif}
main{max-width:52rem;margin:0 auto;padding:3rem 1.25rem 4rem}
h1,h2,h3,p,ul,dl,dd,figure,blockquote{margin:0}
h1{font-size:2rem;line-height:1.15;letter-spacing:-.02em}
h2{font-size:1.15rem;margin:2.5rem 0 .75rem}
h3{font-size:1.1rem;line-height:1.3}
.eyebrow{color:var(--accent);font-weight:600;font-size:.875rem;margin-bottom:.35rem}
.goal,.contact,.reason,.next,footer{color:var(--muted)}
.goal{margin-top:.5rem;max-width:60ch}
.lead{margin-top:1.75rem;padding-left:1rem;border-left:4px solid var(--accent)}
.lead p+p{margin-top:.4rem}
.headline{font-size:1.25rem;font-weight:600;line-height:1.35}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.75rem;
margin-top:1.75rem}
.tiles div{background:var(--surface);border:1px solid var(--line);border-radius:12px;
padding:.75rem .9rem;display:flex;flex-direction:column-reverse}
.tiles dd{white-space:nowrap;font-size:1.2rem;font-weight:650;letter-spacing:-.01em;
font-variant-numeric:tabular-nums}
.tiles dt{color:var(--muted);font-size:.85rem}
ul{padding-left:1.2rem}
li+li{margin-top:.3rem}
figure{background:var(--surface);border:1px solid var(--line);border-radius:12px;
padding:1rem 1.1rem;margin-top:.75rem}
figcaption{font-weight:600;margin-bottom:.6rem;font-size:.95rem}
svg{display:block;width:100%;max-width:36rem;height:auto}
svg text{font-size:14px;font-family:inherit}
rect.good,circle.good{fill:var(--good)}rect.warn,circle.warn{fill:var(--warn)}
rect.bad,circle.bad{fill:var(--bad)}rect.busy,circle.busy{fill:var(--busy)}
rect.off,circle.off{fill:var(--off)}rect.line{fill:var(--line)}
text.text{fill:var(--text)}text.muted{fill:var(--muted)}
table{border-collapse:collapse;width:100%;font-size:.9rem;margin-top:.9rem}
th{white-space:nowrap}
th,td{overflow-wrap:break-word;text-align:left;vertical-align:top;padding:.45rem .7rem .45rem 0;
border-bottom:1px solid var(--line)}
th{color:var(--muted);font-weight:600}
td:empty::after{content:"-";color:var(--muted)}
td em{font-style:normal;font-weight:600;color:var(--good);background:var(--good-soft);
border-radius:6px;padding:.05rem .4rem;font-size:.8rem}
article{background:var(--surface);border:1px solid var(--line);border-radius:16px;
padding:1.25rem 1.35rem}
article+article{margin-top:1rem}
article>*+*{margin-top:.7rem}
.top{display:flex;gap:1rem;justify-content:space-between;align-items:flex-start}
.badge{flex:none;border-radius:99px;padding:.15rem .7rem;font-size:.85rem;font-weight:600;
background:var(--busy-soft);color:var(--busy)}
.badge.good{background:var(--good-soft);color:var(--good)}
.badge.warn{background:var(--warn-soft);color:var(--warn)}
.badge.bad{background:var(--bad-soft);color:var(--bad)}
.badge.off{background:var(--off-soft);color:var(--muted)}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.2rem}
.facts dt{color:var(--muted)}
.asked span{color:var(--muted)}
blockquote{border-left:3px solid var(--accent);padding:.1rem 0 .1rem .9rem}
small{color:var(--muted)}
footer{margin-top:2.5rem;font-size:.85rem;border-top:1px solid var(--line);padding-top:1rem}
@media (max-width:40rem){main{padding-top:1.75rem}h1{font-size:1.6rem}
.facts{grid-template-columns:1fr}.facts dd{margin-bottom:.3rem}
thead{display:none}table,tbody,tr,td{display:block}
tr{border-bottom:1px solid var(--line);padding:.4rem 0}
td{border:0;padding:.1rem 0;display:grid;grid-template-columns:7.5rem 1fr;gap:.6rem}
td::before{content:attr(data-name);color:var(--muted)}
td:empty{display:none}}
@media print{:root{color-scheme:light}body{background:#fff;font-size:10.5pt}main{padding:0}
article,figure,.tiles div{break-inside:avoid}}
""".replace("\n", "")
