// Everything works without this file. It shows how strong a new password is, as it is typed.
"use strict";
const WORDS = ["Very weak", "Weak", "Not enough yet", "Good", "Strong"];
for (const input of document.querySelectorAll("input[data-strength]")) {
  const shown = document.createElement("p");
  shown.className = "strength";
  shown.setAttribute("role", "status");
  const bar = document.createElement("meter");
  bar.max = 4;
  bar.setAttribute("aria-label", "Strength of the password");
  const text = document.createElement("span");
  shown.append(bar, text);
  input.after(shown);
  shown.hidden = true;
  let waiting = 0;
  let asked = 0;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    shown.hidden = input.value === "";
    waiting = setTimeout(async () => {
      const mine = ++asked;
      const body = new URLSearchParams({ new_password: input.value.slice(0, 128) });
      const answer = await fetch(input.dataset.strength, { method: "POST", body }).catch(() => null);
      if (mine !== asked || !answer || !answer.ok) return;
      const found = await answer.json();
      bar.value = found.score;
      text.textContent = found.problem ?? WORDS[found.score];
    }, 250);
  });
}
