// Fields that find CIs suggest while one types: the search of the header opens the one chosen, a field with data-suggests (an
// address) adds its key there as `ci`. Arrows choose, Enter opens, Escape closes. Without this the forms search.
const WAIT_MS = 120, SHOWN = 8, LEAST = 2;

for (const field of document.querySelectorAll("#q, [data-suggests]")) suggesting(field);

function suggesting(field) {
  const list = document.createElement("ul");
  let asked = 0, timer = 0, chosen = -1;
  list.id = `${field.name}-suggested`;
  list.className = "suggested";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "CIs found");
  list.hidden = true;
  field.closest("form").append(list);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", list.id], ["aria-expanded", "false"]])
    field.setAttribute(name, value);
  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(suggest, WAIT_MS); });
  field.addEventListener("keydown", onKey);
  field.addEventListener("blur", () => setTimeout(close, 150));

  async function suggest() {
    const text = field.value.trim(), mine = ++asked;
    if (text.length < LEAST) return close();
    const here = new URLSearchParams(location.search), query = new URLSearchParams({ q: text, limit: SHOWN });
    for (const name of ["revision", "as_of"]) if (here.get(name)) query.set(name, here.get(name));
    try {
      const answer = await fetch(`/api/v1/search?${query}`);
      if (!answer.ok || mine !== asked) return;
      const page = await answer.json();
      if (mine === asked && document.activeElement === field) show(page.items, here);
    } catch { close(); }
  }

  function address(key, here) {
    if (field.dataset.suggests === undefined) {
      const query = new URLSearchParams({ key });
      for (const name of ["revision", "as_of"]) if (here.get(name)) query.set(name, here.get(name));
      return `/ci?${query}`;
    }
    const place = new URL(field.dataset.suggests, location.href);
    place.searchParams.append(field.dataset.suggestsAs ?? "ci", key);
    return place.pathname + place.search;
  }

  function show(items, here) {
    chosen = -1;
    list.replaceChildren(...items.map((ci, n) => {
      const row = document.createElement("li"), link = document.createElement("a"), more = document.createElement("small");
      row.id = `${list.id}-${n}`;
      row.setAttribute("role", "option");
      link.href = address(ci.key, here);
      link.tabIndex = -1;
      link.append(isolated(ci.name));
      more.append(isolated(` ${ci.ci_class}${ci.alias === ci.name ? "" : ` · ${ci.alias}`}${ci.services_hit ? ` · ${ci.services_hit} services` : ""}`));
      link.append(more);
      row.append(link);
      return row;
    }));
    list.hidden = !items.length;
    field.setAttribute("aria-expanded", String(!list.hidden));
    field.removeAttribute("aria-activedescendant");
  }

  function onKey(event) {
    const rows = [...list.children];
    if (event.key === "Escape") return close();
    if (list.hidden || !rows.length) return;
    if (event.key === "Enter" && chosen >= 0) {
      event.preventDefault();
      location.assign(rows[chosen].querySelector("a").href);
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    chosen = (chosen + (event.key === "ArrowDown" ? 1 : -1) + rows.length + (chosen < 0 && event.key === "ArrowUp" ? 1 : 0)) % rows.length;
    rows.forEach((row, n) => row.setAttribute("aria-selected", String(n === chosen)));
    field.setAttribute("aria-activedescendant", rows[chosen].id);
  }

  function close() {
    asked++;
    list.hidden = true;
    chosen = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }
}

function isolated(text) {
  const part = document.createElement("bdi");
  part.textContent = text;
  return part;
}
