/* One selector for the whole page: what belongs to another candidate is hidden. */
function startCandidates(onChoice) {
  const select = document.getElementById("candidate");
  if (!select) return;
  select.addEventListener("change", () => {
    const chosen = select.value;
    for (const part of document.querySelectorAll("[data-candidate]")) {
      const other = chosen !== "" && part.dataset.candidate !== chosen;
      part.dataset.otherCandidate = other ? "yes" : "";
      part.hidden = other || part.dataset.filteredOut === "yes";
    }
    for (const measure of document.querySelectorAll(".forest .measure")) {
      measure.classList.toggle("single", chosen !== "");
    }
    if (chosen) onChoice(chosen);
  });
}
