/* One question: both systems' answers and contexts side by side, what changed, scores and the judge's words. */
function makeSheet(data, candidateNumber) {
  const dialog = document.getElementById("question");
  const sheet = dialog.querySelector(".sheet");
  let entries = [];
  let place = 0;
  let onMove = () => {};

  function open(list, at, moved) {
    [entries, place] = [list, at];
    if (moved) onMove = moved;
    show();
    if (!dialog.open) dialog.showModal();
    sheet.querySelector(".close").focus();
  }

  function step(by) {
    const next = place + by;
    if (next < 0 || next >= entries.length) return;
    place = next;
    onMove(place);
    // the sheet is made anew: what had the focus is gone, and without it the next key would reach nobody
    const held = ["previous", "next"].find((name) => document.activeElement.classList.contains(name)) || "close";
    show();
    sheet.querySelector(`.${held}`).focus();
    dialog.scrollTop = 0;
  }

  function show() {
    const { question } = entries[place];
    const candidate = candidateNumber();
    const names = data.candidates.length ? [data.baseline, data.candidates[candidate - 1]] : [data.baseline];
    const runs = names.map((_, index) => question.run(index === 0 ? 0 : candidate));
    sheet.replaceChildren(
      element(
        "div", { class: "bar" },
        element("p", { class: "quiet" }, entries.length > 1 ? `${place + 1} of ${entries.length} · ${question.id}` : question.id),
        element("button", { type: "button", class: "previous", onclick: () => step(-1), hidden: entries.length < 2 }, "← Previous"),
        element("button", { type: "button", class: "next", onclick: () => step(1), hidden: entries.length < 2 }, "Next →"),
        element("button", { type: "button", class: "close", onclick: () => dialog.close() }, "Close"),
      ),
      element("h2", { id: "question-title", dir: "auto" }, question.text),
      facts(question, names, runs),
      element("div", { class: "runs" }, runs.map((run, index) => column(question, names[index], run, runs[1 - index], index))),
      element("h3", {}, "Scores"),
      scores(names, runs),
    );
    try {
      history.replaceState(null, "", `#question=${encodeURIComponent(question.id)}`);
    } catch {
      // a lone surrogate in an id, or a browser that gives files no history
    }
  }

  function facts(question, names, runs) {
    const rank = (run, at) => {
      const found = run ? run.documents.findIndex((document) => document.at === at) : -1;
      return found < 0 ? "unlisted" : `rank ${found + 1}`;
    };
    const relevant = [...question.relevant].map((at) => element(
      "div", { dir: "auto" }, data.documents[at].title,
      element("span", { class: "quiet" }, ` ${names.map((name, index) => `${name}: ${rank(runs[index], at)}`).join(", ")}`),
    ));
    return element(
      "dl", {},
      element("dt", {}, question.answers.length === 1 ? "Gold answer" : "Gold answers"),
      element("dd", { dir: "auto" }, question.answers.join(" / ") || "the dataset has none"),
      element("dt", {}, "Relevant"),
      element("dd", {}, relevant.length ? relevant : "no document is judged relevant"),
      element("dt", {}, "Changed"),
      element("dd", { class: "summary" }, summary(runs)),
    );
  }

  function summary([before, after]) {
    if (!before || !after) return "there is only one system to look at";
    const [old, now] = [before, after].map((run) => run.documents.slice(0, run.contexts).map((document) => document.at));
    const entered = now.filter((at) => !old.includes(at)).length;
    const left = old.filter((at) => !now.includes(at)).length;
    const moved = now.filter((at, index) => old.includes(at) && old.indexOf(at) !== index).length;
    if (!entered && !left && !moved) return "the contexts are the same, in the same order";
    return [`${entered} entered`, `${left} left`, `${moved} moved`].join(", ");
  }

  function column(question, name, run, other, index) {
    if (!run) return element("div", {}, element("h3", {}, name), element("p", { class: "quiet" }, "It was not asked."));
    const failure = run.failures.get(-1);
    const elsewhere = other ? other.documents.slice(0, other.contexts).map((document) => document.at) : null;
    const below = run.documents.slice(run.contexts);
    return element(
      "div", { class: "run" },
      element("h3", {}, name),
      run.answer === null
        ? element("p", { class: "quiet answer" }, failure ? `No answer: ${failure}` : "Not answered.")
        : element("p", { class: "answer", dir: "auto" }, run.answer),
      element("ol", { class: "contexts", "aria-label": `Contexts of ${name}` }, run.documents.slice(0, run.contexts).map(
        (document, rank) => context(question, document, rank, elsewhere, index),
      )),
      run.documents.length ? null : element("p", { class: "quiet" }, "No document was retrieved."),
      below.length ? element(
        "details", {}, element("summary", {}, `Ranked below, not shown to the model (${below.length})`),
        element("ol", { class: "below", start: run.contexts + 1 }, below.map((document) => element(
          "li", { dir: "auto" }, document.title, question.relevant.has(document.at) ? element("span", { class: "badge" }, "✓ relevant") : null,
        ))),
      ) : null,
    );
  }

  function context(question, document, rank, elsewhere, index) {
    const was = elsewhere ? elsewhere.indexOf(document.at) : rank;
    let state = "";
    let tag = "";
    if (was < 0) [state, tag] = index === 0 ? ["left", "left"] : ["entered", "entered"];
    else if (was !== rank) [state, tag] = ["moved", index === 0 ? `moved to ${was + 1}` : `moved from ${was + 1}`];
    return element(
      "li", { class: state },
      element(
        "p", { dir: "auto" }, element("strong", {}, `${rank + 1}. ${document.title}`),
        question.relevant.has(document.at) ? element("span", { class: "badge" }, "✓ relevant") : null,
        tag ? element("span", { class: "tag" }, tag) : null,
      ),
      element("p", { class: "quiet figures" }, `score ${figure(document.score)} · norm ${document.norm === null ? "unknown" : figure(document.norm)}`),
      document.text ? element("p", { class: "text", dir: "auto" }, document.text) : null,
    );
  }

  function scores(names, runs) {
    const rows = data.measures.map(({ name, informative, isError }, measure) => {
      const values = runs.map((run) => (run ? run.values[measure] : null));
      const said = runs.map((run) => run && (run.explanations.get(measure) || run.failures.get(measure)));
      if (values.every((value) => value === null) && !said.some(Boolean)) return null;
      const change = values.length > 1 && values.every((value) => value !== null) ? values[1] - values[0] : null;
      const cell = (value, index) => {
        const spread = runs[index] && runs[index].spreads.get(measure);
        return element(
          "td", { class: "n" }, informative ? figure(value) : "withheld",
          informative && spread ? element("small", {}, ` ± ${figure(spread)}`) : null,
        );
      };
      return element(
        "tr", { class: informative ? "" : "withheld" },
        element("th", { scope: "row" }, name, said.map((text, index) => (
          text ? element("p", { class: "said", dir: "auto" }, `${names[index]}: ${text}`) : null
        ))),
        values.map(cell),
        names.length > 1 ? element("td", { class: `n ${direction(isError ? -change : change)}` }, change === null ? "–" : signed(change)) : null,
      );
    });
    return element(
      "div", { class: "scroll" },
      element(
        "table", {},
        element("caption", { class: "unseen" }, "Scores of this question, with the judge's words"),
        element("thead", {}, element(
          "tr", {}, element("th", { scope: "col" }, "Measure"),
          names.map((name) => element("th", { scope: "col", class: "n" }, name)),
          names.length > 1 ? element("th", { scope: "col", class: "n" }, "Difference") : null,
        )),
        element("tbody", {}, rows),
      ),
    );
  }

  dialog.addEventListener("close", () => {
    try {
      history.replaceState(null, "", "#questions");
    } catch {
      // see above
    }
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // the backdrop
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight") step(1);
    else if (event.key === "ArrowLeft") step(-1);
  });
  return open;
}
