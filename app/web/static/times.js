// Times stand in UTC in the page: here they become the time of the reader's place. What says how long ago something was keeps
// its words, with the time itself behind it.
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const zone = new Intl.DateTimeFormat(undefined, { timeZoneName: "short" });

function local(moment) {
  const two = (n) => String(n).padStart(2, "0");
  const day = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  const named = zone.formatToParts(moment).find((part) => part.type === "timeZoneName")?.value ?? "";
  return `${day} ${two(moment.getHours())}:${two(moment.getMinutes())} ${named}`.trim();
}

function show(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    time.title = full.format(moment);
    if (!("ago" in time.dataset)) time.textContent = local(moment);
  }
}

show(document);
new MutationObserver((changes) => {
  for (const change of changes) for (const node of change.addedNodes) if (node.querySelectorAll) show(node);
}).observe(document.getElementById("main") ?? document.body, { childList: true, subtree: true });
