/* What every page does beyond plain HTML: keys, confirmation, one submit, uploads by dropping, and manners around htmx. */
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const typing = (element) => element.closest?.("input, textarea, select, [contenteditable], dialog");

  /* Read a sentence aloud without moving the focus. */
  function announce(words) {
    const live = $("#live");
    if (!live || !words) return;
    live.textContent = "";
    setTimeout(() => { live.textContent = words; }, 60);
  }

  /* A sentence at the top of the page, for what no fragment could answer. */
  function complain(words) {
    const messages = $("#messages");
    if (!messages || !words) return;
    const line = document.createElement("div");
    const text = document.createElement("p");
    line.className = "alert-line alert-bad";
    text.textContent = words;
    line.append(text);
    messages.replaceChildren(line);
    line.scrollIntoView({ block: "nearest" });
  }

  /* --- keys --- */
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const open = document.activeElement?.closest("details.chip-menu[open]") || $("details.chip-menu[open]");
      if (open) { open.open = false; $("summary", open).focus(); }
      else toggleNav(false);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "/") {
      const search = $("[data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    } else if (event.key === "j" || event.key === "J") $("a[rel=next]")?.click();
    else if (event.key === "k" || event.key === "K") $("a[rel=prev]")?.click();
    else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      const toggle = event.target.closest("[data-row-toggle]");
      if (toggle && (toggle.getAttribute("aria-expanded") === "true") !== (event.key === "ArrowRight")) toggle.click();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const toggle = event.target.closest("[data-row-toggle]");
      if (!toggle) return;
      event.preventDefault();
      const all = $$("[data-row-toggle]").filter((one) => one.offsetParent);
      all[all.indexOf(toggle) + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
    }
  });

  /* --- the whole navigation on a phone --- */
  function toggleNav(open) {
    const button = $("[data-toggle-nav]"), side = $("#side");
    if (!button || !side) return;
    const was = side.classList.contains("side-open");
    if (was === open) return;
    side.classList.toggle("side-open", open);
    button.setAttribute("aria-expanded", String(open));
    if (open) $("a", side)?.focus();
    else button.focus();
  }

  /* --- clicks --- */
  document.addEventListener("click", (event) => {
    const nav = event.target.closest("[data-toggle-nav]");
    if (nav) return toggleNav(nav.getAttribute("aria-expanded") !== "true");
    $$("details.chip-menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
    const toggle = event.target.closest("[data-row-toggle]");
    if (toggle) {
      const open = toggle.getAttribute("aria-expanded") !== "true";
      toggle.setAttribute("aria-expanded", String(open));
      $$(`[data-row-group="${CSS.escape(toggle.dataset.rowToggle)}"]`).forEach((row) => { row.hidden = !open; });
    }
    if (event.target.closest("[data-print]")) window.print();
    const all = event.target.closest("[data-bulk-all]");
    if (all) bulkAll(all);
    const clear = event.target.closest("[data-bulk-clear]");
    if (clear) { $$(".row-check", clear.form).forEach((box) => { box.checked = false; }); bulkCount(clear.form); }
  });

  /* --- confirmation: the question states the count, the answer names the act; Esc or 取消 goes back to the button --- */
  function ask(words, button, then) {
    const dialog = $("#ask"), yes = $("[data-ask=yes]", dialog);
    $("#ask-words").textContent = words;
    yes.dataset.words ??= yes.textContent;
    yes.textContent = button?.dataset.act || button?.textContent.trim() || yes.dataset.words;
    yes.classList.toggle("btn-danger", Boolean(button?.matches(".btn-danger")));
    yes.classList.toggle("btn-primary", !button?.matches(".btn-danger"));
    dialog.onclick = (event) => {
      const answer = event.target.closest("[data-ask]");
      if (!answer) return;
      dialog.close();
      if (answer.dataset.ask === "yes") then();
    };
    dialog.showModal();
  }
  document.addEventListener("click", (event) => {
    const asked = event.target.closest("[data-confirm]");
    if (!asked || asked.tagName === "FORM" || asked.dataset.agreed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(asked.dataset.confirm, asked, () => {
      asked.dataset.agreed = "1";
      asked.click();
      delete asked.dataset.agreed;
    });
  }, true);
  document.addEventListener("htmx:confirm", (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    ask(event.detail.question, event.detail.triggeringEvent?.submitter || event.detail.elt.closest("button, a"), () => event.detail.issueRequest(true));
  });

  /* --- one submit: the button shows its verb and takes no second click --- */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.confirm && !form.dataset.agreed) {
      event.preventDefault();
      event.stopImmediatePropagation();
      const submitter = event.submitter;
      ask(form.dataset.confirm, submitter, () => {
        form.dataset.agreed = "1";
        form.requestSubmit(submitter);
        delete form.dataset.agreed;
      });
      return;
    }
    if (form.method === "get" || form.method === "dialog" || form.closest(".language")) return;
    if (form.dataset.sent) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    form.dataset.sent = "1";
    const button = event.submitter;
    /* After the browser has collected the form, or the button's own value would be lost. */
    setTimeout(() => {
      if (event.defaultPrevented && !isHtmx(form, button)) { release(form); return; }
      if (button && !button.closest(".me-acts")) busy(button);
      /* A download leaves the page standing: nothing tells when it is over, so the button comes back by itself. */
      if (form.matches("[data-download]") || button?.matches("[data-download]")) setTimeout(() => release(form), 4000);
    });
  }, true);
  const isHtmx = (...elements) => elements.some((one) => one?.closest?.("[hx-post], [hx-get], [hx-put], [hx-patch], [hx-delete]"));
  function busy(button) {
    button.dataset.words = button.innerHTML;
    button.disabled = true;
    button.textContent = button.dataset.busy || document.body.dataset.busy;
  }
  function release(form) {
    delete form.dataset.sent;
    $$("[data-words]", form).forEach((button) => {
      button.innerHTML = button.dataset.words;
      button.disabled = false;
      delete button.dataset.words;
    });
  }
  window.addEventListener("pageshow", (event) => { if (event.persisted) $$("form[data-sent]").forEach(release); });

  /* --- ticking rows --- */
  function bulkCount(form) {
    const bar = $("[data-bulk-bar]", form), boxes = $$(".row-check", form);
    if (!bar) return;
    const count = boxes.filter((box) => box.checked).length;
    bar.hidden = !count;
    $$("[data-bulk-count]", bar).forEach((place) => { place.textContent = count.toLocaleString("en"); });
    $("input[name=all]", bar)?.remove();
    const page = $("[data-bulk-page]", form);
    if (page) { page.checked = count > 0 && count === boxes.length; page.indeterminate = count > 0 && count < boxes.length; }
  }
  function bulkAll(button) {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name: "all", value: "1" });
    const bar = button.closest("[data-bulk-bar]");
    $("input[name=all]", bar)?.remove();
    bar.append(input);
    $$("[data-bulk-count]", bar).forEach((place) => { place.textContent = Number(button.dataset.bulkAll).toLocaleString("en"); });
  }
  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-bulk]");
    if (form && event.target.matches("[data-bulk-page]")) $$(".row-check", form).forEach((box) => { box.checked = event.target.checked; });
    if (form && event.target.matches("[data-bulk-page], .row-check")) bulkCount(form);
    if (event.target.matches("select[data-submit], input[data-submit]")) event.target.form.requestSubmit();
    const zone = event.target.closest("[data-dropzone]");
    if (zone) showName(zone);
  });

  /* --- dropping a file --- */
  function showName(zone) {
    const place = $("[data-dropzone-name]", zone), files = $("input[type=file]", zone).files;
    if (place) place.textContent = [...files].map((file) => `${file.name}（${(file.size / 1048576).toFixed(1)} MB）`).join(" ");
  }
  ["dragover", "dragleave", "drop"].forEach((kind) => document.addEventListener(kind, (event) => {
    const zone = event.target.closest?.("[data-dropzone]");
    if (!zone) return;
    event.preventDefault();
    zone.classList.toggle("dropzone-over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files.length) {
      const input = $("input[type=file]", zone);
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }));

  /* --- htmx: log-in when the session ended, errors in words, focus and announcement after a swap --- */
  document.addEventListener("htmx:beforeSwap", (event) => {
    const login = document.body.dataset.login, address = event.detail.xhr.responseURL;
    if (login && address && new URL(address).pathname === login && location.pathname !== login) {
      event.detail.shouldSwap = false;
      location.assign(`${login}?next=${encodeURIComponent(location.pathname + location.search)}`);
    }
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt.closest?.("form");
    if (form) release(form);
  });
  document.addEventListener("htmx:validation:halted", (event) => { if (event.target.closest("form")) release(event.target.closest("form")); });
  /* Whoever only asks how far the work has come asks again by itself: nothing was lost, nothing to say. */
  const polling = (event) => event.detail.elt.matches("[hx-trigger^=every]");
  document.addEventListener("htmx:responseError", (event) => { if (!polling(event)) complain(document.body.dataset.broken); });
  document.addEventListener("htmx:sendError", (event) => { if (!polling(event)) complain(document.body.dataset.offline); });
  document.addEventListener("htmx:afterSettle", (event) => {
    const root = event.detail.elt, status = event.detail.xhr?.status;
    if (!root?.querySelector) return;
    if (status === 422) {
      const wrong = $("[aria-invalid=true], .field-wrong input, .field-wrong select, .field-wrong textarea, [role=alert]", root);
      wrong?.focus();
      announce($(".field-error, [role=alert]", root)?.textContent.trim());
      return;
    }
    (root.matches("[data-focus]") ? root : $("[data-focus]", root))?.focus();
    announce((root.matches("[data-announce]") ? root : $("[data-announce]", root))?.dataset.announce);
  });

  /* Every printed sheet repeats which period and moment the page is about. */
  window.addEventListener("beforeprint", () => {
    const place = $("[data-print-asof]"), told = $(".asof");
    if (place) place.textContent = [$("h1")?.textContent.trim(), ...[...(told?.children ?? [])].map((part) => part.textContent.trim())].join(" · ");
  });

  /* A table that fits its frame leaves it open, so that its head sticks to the window; a wider one scrolls inside. */
  function fitTables() {
    for (const frame of $$(".table-frame")) {
      frame.classList.remove("fits");
      frame.classList.toggle("fits", frame.scrollWidth <= frame.clientWidth);
      if (!frame.classList.contains("fits")) frame.tabIndex = 0;
      else frame.removeAttribute("tabindex");
    }
  }
  let waiting;
  window.addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(fitTables, 120); });
  document.addEventListener("htmx:afterSettle", fitTables);
  document.addEventListener("DOMContentLoaded", fitTables);

  /* A whole page that came back with errors: go to the first one. */
  document.addEventListener("DOMContentLoaded", () => {
    $("[aria-invalid=true]")?.focus();
    const Select = window.TomSelect;
    if (Select) $$("select[data-select]").forEach((select) => {
      new Select(select, { maxOptions: 200, plugins: select.multiple ? ["remove_button"] : [] });
      select.setAttribute("aria-hidden", "true"); /* Its label now names the control that stands in for it. */
    });
  });
})();
