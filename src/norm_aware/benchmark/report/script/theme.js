"use strict";

/* Light, dark, or what the system asks for; chosen once, kept where the browser lets a file keep anything. */
const THEMES = ["auto", "light", "dark"];

function keptTheme() {
  try {
    const kept = localStorage.getItem("norm-aware-theme");
    return THEMES.includes(kept) ? kept : "auto";
  } catch {
    return "auto";
  }
}

function showTheme(theme) {
  if (theme === "auto") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.dataset.theme = theme;
  const button = document.getElementById("theme");
  if (button) button.textContent = `Theme: ${theme}`;
}

function startTheme() {
  let theme = keptTheme();
  showTheme(theme);
  document.getElementById("theme").addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    showTheme(theme);
    try {
      localStorage.setItem("norm-aware-theme", theme);
    } catch {
      // the choice holds until the page is closed
    }
  });
}

showTheme(keptTheme());
