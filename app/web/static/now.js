// Now, live: asks every 15 s whether anything changed (ETag) and, where it did, puts the new state in place of the old.
const EVERY_MS = 15_000;
const state = document.getElementById("now");
const said = document.getElementById("live-said");
let tag = state?.dataset.tag ?? "";
document.getElementById("live-without")?.remove();

async function look() {
  try {
    const answer = await fetch(location.href, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
    if (answer.status === 304) return tell("");
    if (!answer.ok) return tell(`The service answers ${answer.status}: this page may be old.`);
    tag = answer.headers.get("ETag") ?? "";
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("now");
    if (!fresh) return location.reload(); // signed out
    if (fresh.innerHTML !== state.innerHTML) replace(fresh);
    tell("");
  } catch {
    tell("The service does not answer: this page may be old.");
  }
}

function replace(fresh) {
  const at = state.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  state.replaceChildren(...fresh.childNodes);
  if (at !== null) [...state.querySelectorAll("a")].find((link) => link.getAttribute("href") === at)?.focus({ preventScroll: true });
}

function tell(text) {
  if (said && said.textContent !== text) said.textContent = text;
}

if (state) {
  setInterval(() => document.hidden || look(), EVERY_MS);
  document.addEventListener("visibilitychange", () => document.hidden || look());
}
