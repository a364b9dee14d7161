/* Visits on a phone: nothing typed is lost on refresh, and what is sent without a network waits here until it is back. */
"use strict";
(() => {
  const root = document.querySelector("[data-visits]"), outbox = window.portalOutbox;
  if (!root || !outbox) return;
  const $ = (selector, at = root) => at.querySelector(selector);
  const $$ = (selector, at = root) => [...at.querySelectorAll(selector)];
  const words = root.dataset, user = root.dataset.user;
  const show = (element, visible) => { if (element) element.hidden = !visible; };
  const { store, enqueue } = outbox;

  const localDay = () => {
    const now = new Date();
    return new Date(now.getTime() - now.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
  };
  const fieldsOf = (data) => [...data.entries()].filter(([name, value]) => name !== "csrfmiddlewaretoken" && !(value instanceof File && !value.size));

  /* --- what the page shows of what waits --- */
  let items = [];
  function paint() {
    const box = $("[data-visit-queue]");
    $$("[data-visit-offline]").forEach((banner) => show(banner, !navigator.onLine));
    $$("[data-visit-count]").forEach((place) => { place.textContent = items.length; });
    $$("[data-visit-some]").forEach((place) => show(place, items.length > 0));
    if (!box) return;
    show(box, items.length > 0);
    const row = $("[data-visit-row]", box).content.firstElementChild;
    $("[data-visit-rows]", box).replaceChildren(...items.map((item) => rowOf(item, row.cloneNode(true))));
    const stored = new Set(items.filter((item) => !item.refused).map((item) => item.business));
    $$("[data-visit-card]").forEach((card) => {
      const kept = stored.has(card.dataset.visitCard);
      show($("[data-visit-stored]", card), kept);
      show($("[data-visit-acts]", card), !kept);
    });
  }
  function rowOf(item, line) {
    $("[data-name]", line).textContent = item.name;
    $$("[data-clean]", line).forEach((place) => show(place, !item.problems));
    $$("[data-found]", line).forEach((place) => show(place, item.problems));
    $("[data-problems]", line).textContent = item.problems;
    $("time", line).textContent = new Date(item.at).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false });
    const why = $("[data-why]", line);
    why.textContent = item.refused || (item.tries ? words.tried.replace("%n", item.tries) : "");
    show(why, why.textContent);
    why.classList.toggle("ill", Boolean(item.refused));
    show($("[data-refused-acts]", line), item.refused);
    $("[data-drop]", line).addEventListener("click", async () => { await store("queue", "delete", item.uuid); await outbox.paint(); });
    $("[data-again]", line).addEventListener("click", async () => {
      await store("queue", "put", { ...item, refused: "", tries: 0, next: 0 });
      await outbox.flush(true);
    });
    /* What was refused is opened as it was typed, photos too, and goes out again under the same number. */
    $("[data-mend]", line).addEventListener("click", async () => {
      await store("drafts", "put", { key: `${user}:${item.business}`, at: Date.now(), fields: item.fields });
      await store("queue", "delete", item.uuid);
      location.assign(words.form.replace(/0(?=\/$)/, item.business));
    });
    return line;
  }
  document.addEventListener("outbox:painted", (event) => { items = event.detail.items; paint(); });
  document.addEventListener("outbox:sent", () => {
    if (words.visits === "list") window.htmx?.ajax("GET", location.pathname + location.search, { target: "#my-list", swap: "outerHTML" });
  });
  root.addEventListener("htmx:afterSettle", paint);

  /* The list and the forms of what is still to do open without a network. */
  if (words.visits === "list" && !navigator.connection?.saveData) {
    const forms = $$("[data-visit-acts] > a").map((link) => new URL(link.href).pathname);
    window.addEventListener("load", () => outbox.keep([location.pathname, ...forms]));
  }

  /* --- one tap from the list --- */
  function keepQuick(form) {
    const fields = fieldsOf(new FormData(form)).filter(([name]) => name !== "on");
    const item = { uuid: form.elements.client_uuid.value, url: form.action, business: form.dataset.visitQuick, name: form.dataset.name, problems: 0 };
    return enqueue({ ...item, fields: [...fields, ["on", localDay()]] });
  }
  root.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt;
    if (!form.matches?.("[data-visit-quick]") || navigator.onLine) return;
    event.preventDefault();
    keepQuick(form);
  });
  /* No answer, one from a proxy, an error in the middle, or the log-in page: the tap is kept and sent again by its number. */
  for (const kind of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) root.addEventListener(kind, (event) => {
    const form = event.detail.elt, status = event.detail.xhr?.status;
    if (!form.matches?.("[data-visit-quick]") || (kind === "htmx:responseError" && status < 500 && status !== 403)) return;
    event.stopPropagation();
    keepQuick(form);
  });
  root.addEventListener("htmx:beforeSwap", (event) => {
    const form = event.detail.requestConfig?.elt, address = event.detail.xhr.responseURL, login = document.body.dataset.login;
    if (!form?.matches("[data-visit-quick]") || !address || new URL(address).pathname !== login) return;
    event.stopPropagation();
    event.detail.shouldSwap = false;
    keepQuick(form);
  });

  /* --- the form --- */
  const form = $("#visit-form");
  if (form) begin(form);
  outbox.paint();

  function begin(form) {
    const key = `${user}:${words.business}`, item = (input) => input.closest("[data-visit-item]");
    const deadlines = JSON.parse(document.getElementById("visit-deadlines").textContent);
    let sending = false, over = false, timer = 0;

    const failed = () => $$("[data-visit-item]", form).filter((one) => $("input.answer-problem", one).checked);
    /* Which problems are open and which deadline is shown: told by classes, which every browser understands. */
    function openProblems() {
      $$("[data-visit-item]", form).forEach((one) => {
        one.classList.toggle("visit-item-failed", $("input.answer-problem", one).checked);
        const severity = $(`input[name="severity-${one.dataset.visitItem}"]:checked`, one)?.value;
        $$(".visit-deadline", one).forEach((line) => line.classList.toggle("visit-deadline-chosen", line.dataset.severity === severity));
      });
      form.classList.add("visit-ready");
    }
    function count() {
      openProblems();
      const found = failed().length;
      $$("[data-visit-found]").forEach((place) => { place.textContent = found; });
      show($("[data-visit-found-line]"), found);
      $("[data-visit-submit-words]").textContent = found ? words.submitSome.replace("%n", found) : words.submit;
      const clean = $("[data-visit-clean]");
      if (found) clean.dataset.confirm = words.clear.replace("%n", found);
      else delete clean.dataset.confirm;
    }
    function days() {
      const on = form.elements.on.value;
      for (const [severity, deadline] of Object.entries(deadlines)) {
        const due = deadline.by_day[on];
        if (due) $$(`[data-visit-due="${severity}"]`, form).forEach((place) => { place.textContent = due[0] + (due[1] ? "*" : ""); });
      }
      $("[data-visit-day]").textContent = on.slice(5);
      $("[data-visit-mode]").textContent = form.elements.mode.selectedOptions[0].textContent;
      const officer = form.elements.officer;
      if (officer?.selectedOptions) $("[data-visit-officer]").textContent = officer.selectedOptions[0].textContent.split(" · ")[0];
    }

    const photos = new Map();
    function keep(input, files) {
      const bag = new DataTransfer();
      files.forEach((file) => bag.items.add(file));
      photos.set(input.name, files);
      input.files = bag.files;
      const thumbs = $("[data-visit-thumbs]", item(input));
      thumbs.querySelectorAll("img").forEach((image) => URL.revokeObjectURL(image.src));
      thumbs.replaceChildren(...files.map((file, place) => {
        const button = document.createElement("button"), image = document.createElement("img");
        button.type = "button";
        button.className = "visit-thumb";
        image.src = URL.createObjectURL(file);
        image.alt = file.name;
        button.append(image, Object.assign(document.createElement("i"), { className: "ti ti-x" }));
        button.addEventListener("click", () => { keep(input, files.filter((_, other) => other !== place)); save(); });
        return button;
      }));
    }
    /* One choice after the other: what was chosen while others were still being made small is added to them. */
    let shrinking = Promise.resolve();
    function addPhotos(input) {
      const chosen = [...input.files];
      shrinking = shrinking.then(async () => {
        const small = await Promise.all(chosen.map(window.portalPhotos.smaller));
        keep(input, [...(photos.get(input.name) || []), ...small]);
        save();
      });
    }

    /* --- nothing is lost on refresh --- */
    function save() {
      clearTimeout(timer);
      if (over) return;
      timer = setTimeout(async () => {
        await shrinking;
        if (!over) store("drafts", "put", { key, at: Date.now(), fields: fieldsOf(new FormData(form)) });
      }, 250);
    }
    async function restore() {
      const draft = await store("drafts", "get", key);
      if (!draft) return;
      if (Date.now() - draft.at > 7 * 86400000) { await store("drafts", "delete", key); return; }
      const told = new Map();
      draft.fields.forEach(([name, value]) => told.set(name, [...(told.get(name) || []), value]));
      for (const input of [...form.elements]) {
        const values = told.get(input.name);
        if (!input.name || input.name === "csrfmiddlewaretoken" || input.tagName === "BUTTON") continue;
        if (input.type === "radio") { if (values) input.checked = values.includes(input.value); }
        else if (input.type === "checkbox") input.checked = Boolean(values?.includes(input.value));
        else if (input.type === "file") { if (values) keep(input, [...values, ...(photos.get(input.name) || [])]); }
        else if (values) input.value = values[0];
      }
      const more = $("[data-visit-more]");
      if (more && failed().some((one) => more.contains(one))) more.open = true;
      show($("[data-visit-restored]"), failed().length > 0);
      count();
      days();
    }
    $("[data-visit-forget]").addEventListener("click", async () => {
      over = true;
      clearTimeout(timer);
      await store("drafts", "delete", key);
      location.reload();
    });

    form.addEventListener("input", () => { count(); days(); save(); });
    form.addEventListener("change", (event) => {
      if (event.target.matches("[data-visit-photo]")) addPhotos(event.target);
      else { count(); days(); save(); }
    });

    /* --- sending --- */
    function refuse(sentences) {
      const box = $("#visit-refusals");
      box.replaceChildren(...sentences.map((sentence) => Object.assign(document.createElement("p"), { className: "alert-line alert-bad", textContent: sentence })));
      show(box, true);
      box.focus();
    }
    /* What the portal would refuse is named here already, because without a network nobody else says it. */
    function complete() {
      let first = null;
      $$("[data-visit-item]", form).forEach((one) => {
        const number = one.dataset.visitItem, place = $("[data-visit-error]", one);
        let error = "";
        if ($("input.answer-problem", one).checked) {
          const said = $$(`input[name="finding-${number}"]:checked`, one).length || form.elements[`note-${number}`].value.trim();
          if (!said) error = words.needWords;
          else if (!(photos.get(`photo-${number}`) || []).length) error = words.needPhoto;
        }
        place.textContent = error;
        show(place, error);
        one.classList.toggle("visit-item-wrong", Boolean(error));
        if (error) first = first || one;
      });
      if (first) {
        const more = $("[data-visit-more]");
        if (more?.contains(first)) more.open = true;
        first.scrollIntoView({ block: "center" });
        $("input", first).focus({ preventScroll: true });
      }
      return !first;
    }
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const clean = event.submitter?.name === "no_problem";
      await shrinking;
      if (sending || (!clean && !complete())) return;
      sending = true;
      const button = $("[data-visit-submit-words]"), before = button.textContent;
      button.textContent = words.sending;
      const fields = fieldsOf(new FormData(form));
      if (clean) fields.push(["no_problem", "1"]);
      const answer = navigator.onLine ? await outbox.deliver(form.action, fields) : { outcome: "later" };
      /* Whoever is not signed in any more, or gets no whole answer, leaves it on the phone: it is sent again by its number. */
      if (answer.outcome !== "refused") {
        over = true;
        clearTimeout(timer);
        if (answer.outcome !== "sent") {
          const one = { uuid: form.elements.client_uuid.value, url: form.action, business: words.business, name: words.name };
          await enqueue({ ...one, problems: clean ? 0 : failed().length, fields });
        }
        await store("drafts", "delete", key);
        if (answer.outcome === "sent") return location.assign(words.done || location.pathname);
        show(form, false);
        show($("[data-visit-restored]"), false);
        show($("[data-visit-kept]"), true);
        return $("[data-visit-kept]").focus();
      }
      sending = false;
      button.textContent = before;
      refuse(answer.errors);
    });

    count();
    days();
    restore();
  }
})();
