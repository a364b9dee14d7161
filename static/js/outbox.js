/* What was recorded on this phone and is not yet on the server: counted on every page, sent again until the server answers. */
"use strict";
(() => {
  const bar = document.querySelector("[data-outbox]");
  if (!bar || !window.indexedDB) return;
  const words = bar.dataset, user = words.user;
  const SECONDS = 1000, PATIENCE = 60 * SECONDS, FIRST_PAUSE = 5 * SECONDS, LONGEST_PAUSE = 15 * 60 * SECONDS;

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

  /* An answer that does not come is given up after a minute: the visit's own number lets it be sent again. */
  async function ask(url, options = {}, patience = PATIENCE) {
    const giving = new AbortController(), timer = setTimeout(() => giving.abort(), patience);
    try {
      return await fetch(url, { redirect: "manual", signal: giving.signal, ...options });
    } finally {
      clearTimeout(timer);
    }
  }

  /* Who is signed in now, and a fresh token: a page kept for hours knows neither. "log-in", "other" or the token. */
  async function session() {
    const answer = await ask(words.session, { headers: { Accept: "application/json" }, cache: "no-store" }, 20 * SECONDS);
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) return { state: "log-in" };
    if (!answer.ok) return { state: "later" };
    const told = await answer.json();
    return told.user === user ? { state: "here", token: told.token } : { state: "other" };
  }

  /* Send one visit. "sent", "refused" with sentences, "log-in", or "later": then the server may or may not have stored it. */
  async function send(url, fields, token) {
    const body = new FormData();
    fields.forEach(([name, value]) => body.append(name, value));
    const answer = await ask(url, { method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": token } });
    if (answer.status === 201) return { outcome: "sent" };
    if (answer.type === "opaqueredirect" || answer.status === 401) return { outcome: "log-in" };
    if (answer.status === 422) return { outcome: "refused", errors: (await answer.json()).errors };
    const why = { 403: words.forbidden, 404: words.gone, 413: words.tooLarge }[answer.status];
    if (why) return { outcome: "refused", errors: [why] };
    return { outcome: answer.status >= 400 && answer.status < 500 && answer.status !== 429 && answer.status !== 408 ? "refused" : "later", errors: [words.refused] };
  }
  async function deliver(url, fields) {
    try {
      const now = await session();
      if (now.state !== "here") return { outcome: now.state };
      return await send(url, fields, now.token);
    } catch {
      return { outcome: "later" };
    }
  }

  /* --- the queue --- */
  let flushing = false, again = 0, state = "waits";
  const pause = (tries) => Math.min(FIRST_PAUSE * 2 ** tries, LONGEST_PAUSE) * (0.8 + Math.random() * 0.4);

  async function flush(now = false) {
    if (flushing) return;
    flushing = true;
    clearTimeout(again);
    let sent = 0;
    try {
      for (const item of await waiting()) {
        if (item.refused || (!now && (item.next || 0) > Date.now())) continue;
        if (!navigator.onLine) break;
        const answer = await deliver(item.url, item.fields);
        if (answer.outcome === "sent") {
          await store("queue", "delete", item.uuid);
          sent += 1;
          state = "waits";
        } else if (answer.outcome === "refused") {
          await store("queue", "put", { ...item, refused: answer.errors.join(" ") });
        } else if (answer.outcome === "later") {
          /* One that fails does not hold up those behind it. */
          state = "tried";
          const tries = (item.tries || 0) + 1;
          await store("queue", "put", { ...item, tries, next: Date.now() + pause(tries - 1) });
        } else {
          state = answer.outcome === "other" ? "other" : "logIn";
          break;
        }
      }
    } finally {
      flushing = false;
    }
    await paint();
    await plan();
    if (sent) document.dispatchEvent(new CustomEvent("outbox:sent", { detail: { sent } }));
  }
  async function plan() {
    clearTimeout(again);
    const open = (await waiting()).filter((item) => !item.refused);
    if (!open.length) return;
    const next = Math.min(...open.map((item) => item.next || Date.now() + FIRST_PAUSE));
    again = setTimeout(() => flush(), Math.max(SECONDS, next - Date.now()));
  }
  async function enqueue(item) {
    await store("queue", "put", { user, at: Date.now(), ...item });
    await paint();
    if (navigator.onLine) flush();
  }

  async function paint() {
    const items = await waiting();
    bar.hidden = !items.length;
    bar.querySelector("[data-outbox-count]").textContent = items.length;
    bar.querySelector("[data-outbox-state]").textContent = items.every((item) => item.refused) && items.length ? words.refused : words[state];
    const login = state === "logIn" || state === "other", place = bar.querySelector("[data-outbox-login]");
    place.hidden = !login;
    place.href = `${words.login}?next=${encodeURIComponent(location.pathname)}`;
    bar.querySelector("[data-outbox-now]").hidden = login || !navigator.onLine;
    document.dispatchEvent(new CustomEvent("outbox:painted", { detail: { items } }));
  }
  bar.querySelector("[data-outbox-now]").addEventListener("click", () => flush(true));
  window.addEventListener("online", () => flush(true));
  window.addEventListener("offline", paint);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) flush(); });

  /* --- the worker that opens the list and the forms without a network --- */
  const worker = navigator.serviceWorker;
  const tell = async (message) => { if (worker) (await worker.ready).active.postMessage(message); };
  if (worker) {
    worker.register(words.worker).catch(() => {}); /* Where it may not run, everything but opening cold still works. */
    tell({ kind: "person", user });
    document.addEventListener("submit", (event) => {
      if (new URL(event.target.action, location).pathname === bar.dataset.logout) worker.controller?.postMessage({ kind: "nobody" });
    });
  }

  window.portalOutbox = { store, waiting, deliver, enqueue, flush, paint, keep: (pages) => tell({ kind: "keep", user, pages }) };
  paint();
  flush();
})();
