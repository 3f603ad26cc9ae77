/* The list of questions: only the rows in sight exist, however many questions there are. */
const ROW = 58; // pixels, as in the style

const SHOWN = {
  all: () => true,
  gained: (entry) => entry.gain > 1e-9,
  lost: (entry) => entry.gain < -1e-9,
  changed: (entry) => entry.changed,
  failed: (entry) => entry.failed,
};

const ORDERS = {
  change: (entry) => -Math.abs(entry.change),
  gain: (entry) => -entry.gain,
  loss: (entry) => entry.gain,
  asked: (entry) => entry.question.number,
};

function makeList(data, open) {
  const list = document.getElementById("question-list");
  const spacer = element("div", { class: "spacer", role: "presentation" });
  list.append(spacer);
  const controls = Object.fromEntries(
    ["text", "candidate", "measure", "show", "order"].map((key) => [key, document.getElementById(`question-${key}`)]),
  );
  data.measures.forEach(({ name, informative }, number) => {
    if (informative) controls.measure.append(element("option", { value: number, selected: name === data.primary }, name));
  });
  let entries = [];
  let active = 0;

  function refresh() {
    const candidate = Math.max(1, controls.candidate.selectedIndex + 1);
    const measure = controls.measure.value === "" ? -1 : Number(controls.measure.value);
    const isError = measure >= 0 && data.measures[measure].isError;
    const wanted = controls.text.value.trim().toLowerCase();
    entries = data.questions
      .filter((question) => question.searched.includes(wanted))
      .map((question) => {
        const change = changeOf(question, candidate, measure);
        return {
          question,
          change,
          gain: isError ? -change : change,
          changed: hasOtherContexts(question, candidate),
          failed: hasFailed(question, candidate),
        };
      })
      .filter(SHOWN[controls.show.value]);
    const key = ORDERS[controls.order.value];
    const unknown = (entry) => controls.order.value !== "asked" && entry.change === null;
    entries.sort((a, b) => unknown(a) - unknown(b) || key(a) - key(b) || a.question.number - b.question.number);
    active = 0;
    list.scrollTop = 0;
    document.getElementById("question-count").textContent =
      `${counted(entries.length, "question", "questions")} of ${data.questions.length.toLocaleString("en")}`;
    draw();
  }

  function draw() {
    spacer.style.height = `${entries.length * ROW}px`;
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 5);
    const last = Math.min(entries.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + 5);
    const places = Array.from({ length: last - first }, (_, index) => first + index);
    // the active row stays however far one scrolls: the list names it to a reader of texts
    if (active < first && entries.length) places.unshift(active);
    else if (active >= last && entries.length) places.push(active);
    spacer.replaceChildren(...places.map((place) => option(entries[place], place)));
    if (!entries.length) spacer.append(element("p", { class: "empty" }, "No question fits."));
    if (entries.length) list.setAttribute("aria-activedescendant", `option-${active}`);
    else list.removeAttribute("aria-activedescendant");
  }

  function option({ question, change, gain, changed, failed }, place) {
    const tags = [changed && "other contexts", failed && "failed"].filter(Boolean).join(" · ");
    const made = element(
      "div",
      {
        id: `option-${place}`, class: "option", role: "option", title: question.id,
        "aria-selected": String(place === active), "aria-posinset": place + 1, "aria-setsize": entries.length,
        onclick: () => { activate(place); open(entries, place); },
      },
      element("span", { class: "asked-text", dir: "auto" }, question.text),
      element(
        "span", { class: "marks" },
        element("span", { class: direction(gain) }, change === null ? "no score" : signed(change)),
        element("span", { class: "tags" }, tags),
      ),
    );
    made.style.top = `${place * ROW}px`;
    return made;
  }

  function activate(place) {
    active = Math.max(0, Math.min(entries.length - 1, place));
    const top = active * ROW;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
    draw();
  }

  const page = () => Math.max(1, Math.floor(list.clientHeight / ROW) - 1);
  const steps = {
    ArrowDown: () => active + 1, ArrowUp: () => active - 1,
    PageDown: () => active + page(), PageUp: () => active - page(),
    Home: () => 0, End: () => entries.length - 1,
  };
  list.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (steps[event.key]) activate(steps[event.key]());
    else if ((event.key === "Enter" || event.key === " ") && entries.length) open(entries, active);
    else return;
    event.preventDefault();
  });
  list.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  new ResizeObserver(draw).observe(list);
  for (const control of Object.values(controls)) control.addEventListener("input", refresh);
  refresh();
  return {
    activate,
    candidate: () => Math.max(1, controls.candidate.selectedIndex + 1),
    choose(name) {
      controls.candidate.value = name;
      refresh();
    },
    openNumber: (number) => open([{ question: data.questions[number] }], 0),
  };
}
