// Remembers what a reader has chosen, where the browser allows it, and sets dark or light before the page is drawn.
"use strict";
window.cropglobe = {
  recall(name) {
    try {
      return localStorage.getItem(`cropglobe.${name}`);
    } catch {
      return null; // storage is refused: nothing is remembered
    }
  },
  remember(name, value) {
    try {
      localStorage.setItem(`cropglobe.${name}`, value);
    } catch {
      // storage is refused: the choice holds as long as the page
    }
  },
};
{
  const root = document.documentElement;
  const wish = matchMedia("(prefers-color-scheme: dark)");
  let chosen = window.cropglobe.recall("theme");
  const isDark = () => (chosen === null ? wish.matches : chosen === "dark");
  const paint = () => {
    root.classList.toggle("dark", isDark());
    document.getElementById("theme")?.setAttribute("aria-pressed", String(isDark()));
  };
  root.classList.add("scripted");
  paint();
  wish.addEventListener("change", paint);
  document.addEventListener("DOMContentLoaded", () => {
    paint();
    document.getElementById("theme").addEventListener("click", () => {
      chosen = isDark() ? "light" : "dark";
      window.cropglobe.remember("theme", chosen);
      paint();
    });
  });
}
