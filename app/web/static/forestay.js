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
  await navigator.clipboard.writeText(button.closest("details").querySelector("pre").textContent);
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy summary"; }, 2000);
});

// a page that waits for something looks again by itself, unless it is being used
for (const link of document.querySelectorAll("a[data-again]")) {
  setTimeout(() => { if (!document.activeElement || document.activeElement === document.body) location.reload(); }, 1000 * Number(link.dataset.again));
}
