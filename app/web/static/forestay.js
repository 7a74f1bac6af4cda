// "/" focuses the search, as operators expect
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "")) return;
  event.preventDefault();
  document.getElementById("q")?.focus();
});

// the summary of a page: its button copies it
document.documentElement.classList.toggle("copies", Boolean(navigator.clipboard));
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]");
  if (!button) return;
  event.preventDefault();
  await navigator.clipboard.writeText(button.closest(".paste").querySelector("pre").textContent);
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy summary"; }, 2000);
});

// menus of the head: one at a time; Escape and a click elsewhere close them
const menus = [...document.querySelectorAll("details.menu")];
for (const menu of menus)
  menu.addEventListener("toggle", () => menu.open && menus.forEach((other) => { if (other !== menu) other.open = false; }));
document.addEventListener("click", (event) => menus.forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; }));
document.addEventListener("keydown", (event) => {
  const open = menus.find((menu) => menu.open);
  if (event.key !== "Escape" || !open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
// a page that waits for something looks again by itself, unless it is being used
for (const link of document.querySelectorAll("a[data-again]")) {
  setTimeout(() => { if (!document.activeElement || document.activeElement === document.body) location.reload(); }, 1000 * Number(link.dataset.again));
}
