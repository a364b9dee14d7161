/* Photos are made small before they leave the phone, on every form: quicker to send, and place and device stay out of them. */
"use strict";
(() => {
  const LONGEST = 1600, QUALITY = 0.82;
  async function smaller(file) {
    if (!file.type.startsWith("image/") || !window.createImageBitmap) return file;
    try {
      const image = await createImageBitmap(file, { imageOrientation: "from-image" });
      const scale = Math.min(1, LONGEST / Math.max(image.width, image.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(image.width * scale);
      canvas.height = Math.round(image.height * scale);
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
      return blob ? new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" }) : file;
    } catch {
      return file; /* What the browser cannot draw the server judges. */
    }
  }

  /* A form that is sent while its photos still shrink waits for them. */
  const shrinking = new Map();
  document.addEventListener("change", (event) => {
    const input = event.target;
    if (!input.matches?.('input[type="file"][accept*="image"]:not([data-visit-photo])')) return;
    const chosen = [...input.files];
    const work = Promise.all(chosen.map(smaller)).then((small) => {
      const bag = new DataTransfer();
      small.forEach((file) => bag.items.add(file));
      if (chosen.length === input.files.length) input.files = bag.files;
      if (shrinking.get(input.form) === work) shrinking.delete(input.form);
    });
    shrinking.set(input.form, work);
  });
  document.addEventListener("submit", (event) => {
    const work = shrinking.get(event.target);
    if (!work) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    work.then(() => event.target.requestSubmit(event.submitter || undefined));
  }, true);

  window.portalPhotos = { smaller };
})();
