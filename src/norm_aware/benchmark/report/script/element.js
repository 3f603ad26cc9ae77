/* An element with attributes and children; texts become text nodes and never markup. */
function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "onclick") made.addEventListener("click", value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

const MINUS = "\u2212";

/* As the page's own tables write numbers: three decimals, more where they would hide a small value. */
function figure(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  let text = size < 10 ? size.toFixed(3) : size.toFixed(1);
  if (Number(text) === 0 && size > 1e-9) text = String(Number(size.toPrecision(1)));
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

function signed(value) {
  const text = figure(value);
  return value > 1e-9 ? `+${text}` : text;
}

function direction(gain) {
  if (gain === null || Math.abs(gain) <= 1e-9) return "";
  return gain > 0 ? "better" : "worse";
}

function counted(n, one, many) {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}
