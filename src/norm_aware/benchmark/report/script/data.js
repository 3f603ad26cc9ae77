/* The embedded questions, with names in place of positions. */
function readData() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const measures = data.measures.map(([name, kind, informative, isError]) => ({ name, kind, informative, isError }));
  const documents = data.documents.map(([id, title, text, norm]) => ({ id, title: title || id, text, norm }));
  const run = (row) => row && {
    documents: row[0].map((at, place) => ({ at, ...documents[at], score: row[1][place], norm: row[2][place] })),
    contexts: row[3],
    answer: row[4] === null ? null : data.texts[row[4]],
    values: row[5],
    explanations: new Map(row[6].map(([measure, text]) => [measure, data.texts[text]])),
    failures: new Map(row[7].map(([measure, text]) => [measure, data.texts[text]])),
    seconds: row[8],
    spreads: new Map(row[9]),
  };
  const questions = data.questions.map(([id, text, answers, relevant, runs], number) => ({
    id, text, answers, relevant: new Set(relevant), number,
    run: (system) => run(runs[system]),
    raw: runs,
    searched: `${id} ${text} ${answers.join(" ")}`.toLowerCase(),
  }));
  return { ...data, measures, documents, questions };
}

/* Difference of a candidate (1, 2, …; 0 is the baseline) on a measure; null where either has no score. */
function changeOf(question, candidate, measure) {
  const [before, after] = [question.raw[0], question.raw[candidate]];
  if (!before || !after || measure < 0) return null;
  const [old, now] = [before[5][measure], after[5][measure]];
  return old === null || now === null ? null : now - old;
}

function contextsOf(run) {
  return run ? run[0].slice(0, run[3]) : [];
}

/* Numbers of the systems that are looked at: the baseline's, and the candidate's where there is one. */
function lookedAt(question, candidate) {
  return [0, candidate].filter((number) => number < question.raw.length);
}

function hasOtherContexts(question, candidate) {
  const [before, after] = lookedAt(question, candidate).map((number) => contextsOf(question.raw[number]));
  if (!after) return false;
  return before.length !== after.length || before.some((document, place) => document !== after[place]);
}

function hasFailed(question, candidate) {
  return lookedAt(question, candidate).some((number) => !question.raw[number] || question.raw[number][7].length > 0);
}
