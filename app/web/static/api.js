// The viewer of the API page: reads the service's OpenAPI document and lets each operation be tried, as who is signed in or with
// a pasted key. It asks this service and nobody else.
const place = document.getElementById("viewer");
const dark = matchMedia("(prefers-color-scheme: dark)");

function follow() {
  document.documentElement.classList.toggle("dark-mode", dark.matches);
}

// Heading, words and landmark are the page's own: of the viewer only the key, the filter and the operations.
const plainly = ({ React }) => ({
  components: {
    Plainly: ({ getComponent }) =>
      React.createElement(
        "div",
        { className: "swagger-ui" },
        ...[["SvgAssets"], ["errors", true], ["AuthorizeBtnContainer", true], ["FilterContainer", true], ["operations", true]].map(
          ([name, connected]) => React.createElement(getComponent(name, connected), { key: name }),
        ),
      ),
  },
});

// Controls that only have a title get a name, whenever they appear.
function nameControls() {
  place.querySelector(".operation-filter-input")?.setAttribute("aria-label", "Filter by tag");
  for (const control of place.querySelectorAll("button[title]:not([aria-label])")) control.setAttribute("aria-label", control.title);
}

new MutationObserver(nameControls).observe(place, { childList: true, subtree: true });
follow();
dark.addEventListener("change", follow);
window.SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  deepLinking: true, // every operation has an address of its own
  docExpansion: "none",
  displayOperationId: true,
  filter: true,
  validatorUrl: null,
  requestInterceptor: (request) => ({ ...request, credentials: "same-origin" }),
  presets: [window.SwaggerUIBundle.presets.apis],
  plugins: [plainly],
  layout: "Plainly",
});
