/* Search and folding of the review pack's index; works from a stick, without network. */
"use strict";
(() => {
  const field = document.getElementById("q"), none = document.getElementById("none");
  const rows = [...document.querySelectorAll("[data-words]")];
  const chapters = [...document.querySelectorAll("[data-chapter]")];
  field.parentElement.hidden = false;
  field.addEventListener("input", () => {
    const words = field.value.trim().toLowerCase();
    let found = 0;
    rows.forEach((row) => {
      row.hidden = words !== "" && !row.dataset.words.toLowerCase().includes(words);
      found += row.hidden ? 0 : 1;
    });
    chapters.forEach((chapter) => { chapter.hidden = !chapter.querySelector("[data-words]:not([hidden])"); });
    none.hidden = found > 0;
  });
})();
