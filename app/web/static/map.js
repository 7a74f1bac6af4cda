// The map: arrows move to the nearest node, Enter opens, Space selects, Escape clears, + - 0 zoom, ? shows the keys. Without this
// nodes are links that select on the server, Tab walks through them, and the list below says the same.
const svg = document.querySelector(".map-view svg"), region = document.querySelector(".map-view");

if (svg) {
  const nodes = [...svg.querySelectorAll("a.node")], by = new Map(nodes.map((node) => [node.dataset.id, node]));
  const whole = svg.viewBox.baseVal, full = [whole.x, whole.y, whole.width, whole.height];
  const chosen = document.getElementById("chosen");
  document.documentElement.classList.add("draws");

  const middle = (node) => {
    const box = node.querySelector("rect:last-of-type").getBBox();
    return [box.x + box.width / 2, box.y + box.height / 2];
  };

  function select(node) {
    const way = new Set();
    for (let at = node; at && !way.has(at.dataset.id); at = by.get(at.dataset.toward)) way.add(at.dataset.id);
    for (const one of nodes) {
      one.classList.toggle("way", way.has(one.dataset.id));
      one.classList.toggle("selected", one === node);
    }
    for (const line of svg.querySelectorAll(".need")) {
      const { from, to } = line.dataset;
      line.classList.toggle("way", way.has(from) && way.has(to) && (by.get(from)?.dataset.toward === to || by.get(to)?.dataset.toward === from));
    }
    const place = new URL(location.href);
    if (node?.dataset.key) place.searchParams.set("select", node.dataset.key); else place.searchParams.delete("select");
    history.replaceState(null, "", place);
    chosen.replaceChildren();
    if (!node) return;
    const said = document.createElement("p"), name = document.createElement("b"), open = document.createElement("a"), why = document.createElement("a");
    name.append(isolated(node.dataset.name));
    open.href = node.dataset.open;
    open.textContent = "Open";
    why.href = node.getAttribute("href");
    why.textContent = "Say how it comes to fall";
    said.append(name, ": ", ...[...way].reverse().flatMap((id, n) => [n ? " → " : "", isolated(by.get(id).dataset.name)]), ". ", open, " ", why);
    chosen.append(said);
  }

  function isolated(text) {
    const part = document.createElement("bdi");
    part.textContent = text;
    return part;
  }

  function nearest(from, key) {
    const [x, y] = middle(from), across = key === "ArrowLeft" || key === "ArrowRight";
    const sign = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
    let best = null, least = Infinity;
    for (const node of nodes) {
      const [nx, ny] = middle(node), ahead = sign * (across ? nx - x : ny - y), aside = Math.abs(across ? ny - y : nx - x);
      if (ahead < 1 || (across && aside > 1)) continue;
      const far = ahead + 2 * aside;
      if (far < least) [best, least] = [node, far];
    }
    return best;
  }

  function zoom(how) {
    const now = svg.viewBox.baseVal, factor = how === "in" ? 0.8 : 1.25;
    let [x, y, width, height] = full;
    if (how !== "whole") {
      width = Math.min(now.width * factor, full[2] * 2);
      height = Math.min(now.height * factor, full[3] * 2);
      const at = nodes.includes(document.activeElement) ? middle(document.activeElement) : [now.x + now.width / 2, now.y + now.height / 2];
      [x, y] = [at[0] - width / 2, at[1] - height / 2];
    }
    svg.setAttribute("viewBox", `${x} ${y} ${width} ${height}`);
  }

  svg.addEventListener("click", (event) => {
    const node = event.target.closest("a.node");
    if (!node?.dataset.key || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    select(node);
  });
  svg.addEventListener("keydown", (event) => {
    const node = event.target.closest("a.node");
    if (!node || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.startsWith("Arrow")) {
      event.preventDefault();
      nearest(node, event.key)?.focus();
    } else if (event.key === "Enter" && node.dataset.open) {
      event.preventDefault();
      location.assign(node.dataset.open);
    } else if (event.key === " ") {
      event.preventDefault();
      if (node.dataset.key) select(node);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "")) return;
    if (event.key === "+" || event.key === "=") zoom("in");
    else if (event.key === "-" || event.key === "−") zoom("out");
    else if (event.key === "0") zoom("whole");
    else if (event.key === "Escape") select(null);
    else if (event.key === "?") {
      const keys = document.getElementById("keys");
      keys.open = !keys.open;
      if (keys.open) keys.querySelector("summary").focus();
    }
  });
  for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => zoom(button.dataset.zoom));
  document.querySelector("[data-clears]")?.addEventListener("click", (event) => { event.preventDefault(); select(null); });
  if (region.scrollWidth > region.clientWidth) {
    const focus = svg.querySelector(".focus");
    if (focus) region.scrollLeft = middle(focus)[0] - region.clientWidth / 2;
  }
}
