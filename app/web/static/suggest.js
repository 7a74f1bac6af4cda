// Fields that find CIs suggest while one types: the search of the header opens the one chosen, be it a CI, a service, a team, a site
// or a supplier, what stops most services first; a field with data-suggests (an address) adds a CI's key there as `ci`. Arrows choose, Enter opens, Escape closes. Without this the forms search.
const WAIT_MS = 120, SHOWN = 8, AREAS_SHOWN = 2, LEAST = 2;

for (const field of document.querySelectorAll("#q, [data-suggests]")) suggesting(field);

function suggesting(field) {
  const list = document.createElement("ul");
  let asked = 0, timer = 0, chosen = -1;
  list.id = `${field.name}-suggested`;
  list.className = "suggested";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Found");
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
    const few = new URLSearchParams(query);
    few.set("limit", AREAS_SHOWN);
    try {
      const [cis, areas] = await Promise.all([
        found("/api/v1/search", query),
        field.dataset.suggests === undefined ? found("/api/v1/search/areas", few) : [],
      ]);
      const rows = [...areas, ...cis.slice(0, SHOWN - areas.length)].sort((a, b) => (b.services_hit ?? 0) - (a.services_hit ?? 0));
      if (mine === asked && document.activeElement === field) show(rows, here);
    } catch { close(); }
  }

  async function found(address, query) {
    const answer = await fetch(`${address}?${query}`);
    return answer.ok ? (await answer.json()).items : [];
  }

  function address(row, here) {
    if (field.dataset.suggests === undefined) {
      const query = new URLSearchParams(row.kind ? { kind: row.kind, name: row.name } : { key: row.key });
      for (const name of ["revision", "as_of"]) if (here.get(name)) query.set(name, here.get(name));
      return `${row.kind ? "/area" : row.ci_class === "business_service" ? "/service" : "/ci"}?${query}`;
    }
    const place = new URL(field.dataset.suggests, location.href);
    place.searchParams.append(field.dataset.suggestsAs ?? "ci", row.key);
    return place.pathname + place.search;
  }

  function show(items, here) {
    chosen = -1;
    list.replaceChildren(...items.map((ci, n) => {
      const row = document.createElement("li"), link = document.createElement("a"), more = document.createElement("small");
      row.id = `${list.id}-${n}`;
      row.setAttribute("role", "option");
      link.href = address(ci, here);
      link.tabIndex = -1;
      link.append(isolated(ci.name));
      const what = ci.kind ? `${ci.kind} · ${ci.cis} CIs` : `${ci.ci_class.replaceAll("_", " ")}${ci.alias === ci.name ? "" : ` · ${ci.alias}`}`;
      more.append(isolated(` ${what}${ci.services_hit ? ` · ${ci.services_hit} services` : ""}`));
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
