// A file that is dropped on the form is chosen in it. Without this the field of the form chooses it.
const form = document.querySelector("form.drop");
const field = form?.querySelector("input[type=file]");

for (const [name, over] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]])
  form?.addEventListener(name, (event) => {
    event.preventDefault();
    form.classList.toggle("over", over);
    if (name === "drop" && event.dataTransfer.files.length) field.files = event.dataTransfer.files;
  });
