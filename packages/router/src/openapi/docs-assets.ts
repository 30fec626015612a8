/** Style and script of the page at `/docs`. The content security policy names them by their hashes. */
export const DOCS_STYLE = `
:root{--bg:#fff;--soft:#f5f6f8;--line:#dfe2e8;--ink:#1b1f27;--dim:#565e6c;--link:#0b57b0;--get:#0a6640;--post:#0b57b0;--put:#8a5200;--delete:#b3261e}
@media (prefers-color-scheme:dark){:root{--bg:#14171c;--soft:#1d2128;--line:#343a45;--ink:#e6e9ee;--dim:#a4adbb;--link:#8ab8ff;--get:#7fd6a8;--post:#8ab8ff;--put:#f0bd6b;--delete:#ff9d95}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
a{color:var(--link)}
a:focus-visible,input:focus-visible,summary:focus-visible,pre:focus-visible{outline:2px solid var(--link);outline-offset:2px}
code,pre,.path,.short{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.92em}
.skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:.5rem;background:var(--bg);padding:.3rem .6rem}
.top{padding:1.6rem 2rem 1rem;border-bottom:1px solid var(--line);background:var(--soft)}
.top h1{margin:0;font-size:1.5rem}.top p{margin:.4rem 0 0;max-width:75ch;color:var(--dim)}
.version{font-size:.85rem;font-weight:500;color:var(--dim);border:1px solid var(--line);border-radius:1rem;padding:.1rem .6rem;vertical-align:.15em}
.page{display:grid;grid-template-columns:20rem minmax(0,1fr);align-items:start}
nav{position:sticky;top:0;max-height:100vh;overflow:auto;padding:1.2rem 1rem 2rem 2rem;border-right:1px solid var(--line)}
nav label{display:block;font-size:.8rem;color:var(--dim)}
nav input{width:100%;padding:.4rem .6rem;font:inherit;color:inherit;background:var(--bg);border:1px solid var(--dim);border-radius:.4rem}
nav h2{margin:1.1rem 0 .3rem;font-size:.78rem;letter-spacing:.06em;text-transform:uppercase;color:var(--dim)}
nav ul{list-style:none;margin:0;padding:0}
nav li a{display:flex;gap:.5rem;align-items:baseline;padding:.14rem .3rem;border-radius:.3rem;text-decoration:none;color:inherit}
nav li a:hover{background:var(--soft)}
nav .short{overflow-wrap:anywhere;font-size:.85em}
#count{margin:.3rem 0 0;min-height:1.2em;font-size:.8rem;color:var(--dim)}
main{padding:.4rem 2rem 4rem;max-width:62rem}
main:focus{outline:none}
.group>h2{margin:2rem 0 .2rem;font-size:1.25rem;text-transform:capitalize}
.group>p{margin:0 0 1rem;color:var(--dim)}
.op,.schema{border:1px solid var(--line);border-radius:.6rem;padding:.9rem 1.2rem 1.1rem;margin:0 0 1rem}
.op:target,.schema:target{border-color:var(--link);box-shadow:0 0 0 1px var(--link)}
.op h3{margin:0;font-size:1rem;font-weight:600}
.op h4{margin:1rem 0 .3rem;font-size:.82rem;letter-spacing:.04em;text-transform:uppercase;color:var(--dim)}
.op p{margin:.4rem 0;max-width:75ch}
.summary{font-weight:500}
.who{font-size:.85rem;color:var(--dim)}
.verb{display:inline-block;min-width:3.9em;font:600 .72rem/1.4 ui-monospace,monospace;letter-spacing:.03em;text-align:center;border:1px solid currentColor;border-radius:.3rem;padding:0 .3rem}
.verb.get{color:var(--get)}.verb.post{color:var(--post)}.verb.put{color:var(--put)}.verb.delete{color:var(--delete)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .7rem .35rem 0;border-bottom:1px solid var(--line);font-weight:400}
thead th{font-size:.8rem;color:var(--dim)}
pre{margin:.6rem 0 0;padding:.8rem 1rem;background:var(--soft);border:1px solid var(--line);border-radius:.4rem;overflow-x:auto}
dl{margin:0}dt{margin-top:.4rem;font-weight:600}dd{margin:.1rem 0 .1rem 1.2rem}
dt .about{font-weight:400}
.fields{list-style:none;margin:.3rem 0;padding:0 0 0 .9rem;border-left:2px solid var(--line)}
.fields li{padding:.22rem 0}
.field{display:block}
.name{font-weight:600}
.type,.bounds{font-size:.9em;color:var(--dim)}
.must{font-size:.75rem;color:var(--delete)}
.about{color:var(--dim);font-size:.93em}
.schema{padding:.5rem 1.2rem}
.schema summary{cursor:pointer}.schema h3{display:inline;font-size:.98rem;font-family:ui-monospace,monospace}
.schema[open]{padding-bottom:1rem}
@media (max-width:60rem){.page{display:block}nav{position:static;max-height:none;border-right:0;border-bottom:1px solid var(--line);padding:1rem 1.2rem}.top,main{padding-left:1.2rem;padding-right:1.2rem}}
@media print{nav,.skip{display:none}.page{display:block}}
`;

/** Narrows the list of contents; opens a schema that is linked to. Without it the page is complete, too. */
export const DOCS_SCRIPT = `
const filter=document.getElementById('filter'),count=document.getElementById('count');
const items=[...document.querySelectorAll('nav li')];
filter.addEventListener('input',()=>{
  const words=filter.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown=0;
  for(const item of items){item.hidden=!words.every(word=>item.dataset.words.includes(word));if(!item.hidden)shown+=1}
  for(const section of document.querySelectorAll('nav section')){const own=[...section.querySelectorAll('li')];section.hidden=own.length>0&&own.every(item=>item.hidden)}
  count.textContent=words.length===0?'':shown+' of '+items.length+' endpoints';
});
const open=()=>{const target=document.getElementById(decodeURIComponent(location.hash.slice(1)));if(target instanceof HTMLDetailsElement){target.open=true;target.scrollIntoView()}};
addEventListener('hashchange',open);open();
`;
