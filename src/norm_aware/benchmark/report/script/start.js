/* Everything that needs the whole page to be there. */
function start() {
  document.querySelectorAll("[data-scripted]").forEach((part) => { part.hidden = false; });
  startTheme();
  startTables();
  const data = readData();
  let list = null;
  const openQuestion = makeSheet(data, () => list.candidate());
  list = makeList(data, (entries, place) => openQuestion(entries, place, (at) => {
    if (entries.length > 1) list.activate(at);
  }));
  startCandidates((name) => list.choose(name));
  for (const item of document.querySelectorAll("[data-question]")) {
    const text = item.querySelector(".text");
    const button = element("button", { type: "button", dir: "auto", onclick: () => {
      list.choose(item.closest("[data-candidate]").dataset.candidate);
      list.openNumber(Number(item.dataset.question));
    } }, text.textContent);
    text.replaceWith(button);
  }
  openLinked(data, list);
  window.addEventListener("hashchange", () => openLinked(data, list));
  startPrinting();
}

/* A link to one question: #question=ID. */
function openLinked(data, list) {
  if (!location.hash.startsWith("#question=")) return;
  let id = location.hash.slice("#question=".length);
  try {
    id = decodeURIComponent(id);
  } catch {
    // not one of ours
  }
  const question = data.questions.find((one) => one.id === id);
  if (question) list.openNumber(question.number);
}

/* On paper nothing can be unfolded. */
function startPrinting() {
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("main details:not([open])")];
    folded.forEach((part) => { part.open = true; });
  });
  window.addEventListener("afterprint", () => folded.forEach((part) => { part.open = false; }));
}

document.addEventListener("DOMContentLoaded", start);
