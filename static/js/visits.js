/* Visits on a phone: nothing typed is lost on refresh, and what is sent without a network waits here until it is back. */
"use strict";
(() => {
  const root = document.querySelector("[data-visits]");
  if (!root || !window.indexedDB) return;
  const $ = (selector, at = root) => at.querySelector(selector);
  const $$ = (selector, at = root) => [...at.querySelectorAll(selector)];
  const words = root.dataset, user = root.dataset.user;
  const show = (element, visible) => { if (element) element.hidden = !visible; };

  /* --- the phone's own store: drafts by business, sent visits by their number --- */
  const opened = new Promise((resolve, reject) => {
    const request = indexedDB.open("visits", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("queue", { keyPath: "uuid" });
      request.result.createObjectStore("drafts", { keyPath: "key" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  async function store(name, verb, argument) {
    const database = await opened;
    return new Promise((resolve, reject) => {
      const work = database.transaction(name, verb.startsWith("get") ? "readonly" : "readwrite");
      const request = argument === undefined ? work.objectStore(name)[verb]() : work.objectStore(name)[verb](argument);
      work.oncomplete = () => resolve(request.result);
      work.onerror = work.onabort = () => reject(work.error || request.error);
    });
  }
  const waiting = async () => (await store("queue", "getAll")).filter((item) => item.user === user).sort((a, b) => a.at - b.at);

  const localDay = () => {
    const now = new Date();
    return new Date(now.getTime() - now.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
  };
  const token = () => JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || "";
  const fieldsOf = (data) => [...data.entries()].filter(([name, value]) => name !== "csrfmiddlewaretoken" && !(value instanceof File && !value.size));

  /* Send one visit. Answers "sent", "refused" with sentences, "log-in", or "later". */
  async function send(url, fields) {
    const body = new FormData();
    fields.forEach(([name, value]) => body.append(name, value));
    let response;
    try {
      response = await fetch(url, { method: "POST", body, redirect: "manual", headers: { Accept: "application/json", "X-CSRFToken": token() } });
    } catch {
      return { outcome: "later" };
    }
    if (response.status === 201) return { outcome: "sent" };
    if (response.type === "opaqueredirect" || response.status === 403) return { outcome: "log-in" };
    if (response.status === 422) return { outcome: "refused", errors: (await response.json()).errors };
    if (response.status === 404) return { outcome: "refused", errors: [words.refused || words.broken] };
    return { outcome: "broken" };
  }

  /* --- the queue --- */
  let flushing = false;
  async function flush() {
    if (flushing || !navigator.onLine) return;
    flushing = true;
    let sent = 0;
    try {
      for (const item of await waiting()) {
        if (item.refused) continue;
        const answer = await send(item.url, item.fields);
        if (answer.outcome === "sent") { await store("queue", "delete", item.uuid); sent += 1; }
        else if (answer.outcome === "refused") await store("queue", "put", { ...item, refused: answer.errors.join(" ") });
        else {
          if (answer.outcome === "log-in") $$("[data-visit-promise]").forEach((place) => { place.textContent = words.logIn; });
          break;
        }
      }
    } finally {
      flushing = false;
    }
    await paint();
    if (sent && words.visits === "list") window.htmx?.ajax("GET", location.pathname + location.search, { target: "#my-list", swap: "outerHTML" });
  }
  async function enqueue(item) {
    await store("queue", "put", { user, at: Date.now(), ...item });
    await paint();
    flush();
  }

  /* --- what the page shows of it --- */
  async function paint() {
    const items = await waiting(), box = $("[data-visit-queue]");
    $$("[data-visit-offline]").forEach((banner) => show(banner, !navigator.onLine));
    $$("[data-visit-count]").forEach((place) => { place.textContent = items.length; });
    $$("[data-visit-some], [data-visit-see]").forEach((place) => show(place, items.length > 0));
    $$("[data-visit-none]").forEach((place) => show(place, !items.length));
    if (!box) return;
    show(box, items.length > 0);
    const row = $("[data-visit-row]", box).content.firstElementChild;
    $("[data-visit-rows]", box).replaceChildren(...items.map((item) => {
      const line = row.cloneNode(true);
      $("[data-name]", line).textContent = item.name;
      $$("[data-clean]", line).forEach((place) => show(place, !item.problems));
      $$("[data-found]", line).forEach((place) => show(place, item.problems));
      $("[data-problems]", line).textContent = item.problems;
      $("time", line).textContent = new Date(item.at).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false });
      const why = $("[data-why]", line), drop = $("[data-drop]", line);
      why.textContent = item.refused || "";
      show(why, item.refused);
      show(drop, item.refused);
      drop.addEventListener("click", async () => { await store("queue", "delete", item.uuid); await paint(); });
      return line;
    }));
    const stored = new Set(items.filter((item) => !item.refused).map((item) => item.business));
    $$("[data-visit-card]").forEach((card) => {
      const kept = stored.has(card.dataset.visitCard);
      show($("[data-visit-stored]", card), kept);
      show($("[data-visit-acts]", card), !kept);
    });
  }
  window.addEventListener("online", () => { paint(); flush(); });
  window.addEventListener("offline", paint);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) flush(); });
  root.addEventListener("htmx:afterSettle", paint);

  /* --- one tap from the list --- */
  function keepQuick(form) {
    const fields = fieldsOf(new FormData(form)).filter(([name]) => name !== "on");
    const item = { uuid: form.elements.client_uuid.value, url: form.action, business: form.dataset.visitQuick, name: form.dataset.name, problems: 0 };
    enqueue({ ...item, fields: [...fields, ["on", localDay()]] });
  }
  root.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt;
    if (!form.matches?.("[data-visit-quick]") || navigator.onLine) return;
    event.preventDefault();
    keepQuick(form);
  });
  root.addEventListener("htmx:sendError", (event) => {
    const form = event.detail.elt;
    if (!form.matches?.("[data-visit-quick]")) return;
    event.stopPropagation();
    keepQuick(form);
  });

  /* --- the form --- */
  const form = $("#visit-form");
  if (form) begin(form);
  paint();
  flush();

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

    /* Photos are made small before they are kept: quicker to send, and the place they were taken at stays out of them. */
    async function smaller(file) {
      if (!file.type.startsWith("image/") || !window.createImageBitmap) return file;
      try {
        const image = await createImageBitmap(file, { imageOrientation: "from-image" });
        const scale = Math.min(1, 1600 / Math.max(image.width, image.height));
        const canvas = document.createElement("canvas");
        canvas.width = Math.round(image.width * scale);
        canvas.height = Math.round(image.height * scale);
        canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
        const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.82));
        return blob ? new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" }) : file;
      } catch {
        return file;
      }
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
        const small = await Promise.all(chosen.map(smaller));
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
      const answer = navigator.onLine ? await send(form.action, fields) : { outcome: "later" };
      if (answer.outcome === "sent" || answer.outcome === "later") {
        over = true;
        clearTimeout(timer);
        if (answer.outcome === "later") {
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
      refuse(answer.outcome === "refused" ? answer.errors : [answer.outcome === "log-in" ? words.logIn : words.broken]);
    });

    count();
    days();
    restore();
  }
})();
