/* Opens the portal without a network: files it has served, and of the pages the officer's list and forms, kept for one person. */
"use strict";
const FILES = "files-1", PAGES = "pages-1", WHO = "/who-is-kept";
const OFFLINE = "/offline/", LIST = "/visits/mine/";
const KEPT = /^\/visits\/(?:mine|new\/\d+)\/$/;
const LASTING = /\.[0-9a-f]{12}\.\w+$/; /* Named by its content: never to be asked for again. */
const PATIENCE = 8000;

async function fetchIn(request, patience) {
  const giving = new AbortController(), timer = setTimeout(() => giving.abort(), patience);
  try {
    return await fetch(request, { signal: giving.signal });
  } finally {
    clearTimeout(timer);
  }
}

/* Every file a page asks for is kept with it. */
async function keepFiles(html) {
  const files = await caches.open(FILES);
  for (const [, path] of html.matchAll(/(?:href|src)="(\/static\/[^"]+|\/manifest\.webmanifest)"/g)) {
    if (await files.match(path)) continue;
    try { await files.add(path); } catch { /* A file that is not there now is asked for by the page itself. */ }
  }
}
async function keepPage(path, response) {
  const html = await response.clone().text();
  await (await caches.open(path === OFFLINE ? FILES : PAGES)).put(path, response);
  await keepFiles(html);
}

async function keptFor() {
  const told = await (await caches.open(FILES)).match(WHO);
  return told ? told.text() : "";
}
/* Another person on this phone finds nothing of the one before. One after the other: two messages must not delete what a third kept. */
let turn = Promise.resolve();
function person(user) {
  turn = turn.then(async () => {
    if ((await keptFor()) === user) return;
    await caches.delete(PAGES);
    await (await caches.open(FILES)).put(WHO, new Response(user));
  }).catch(() => {});
  return turn;
}

/* One page after the other, so that a weak line stays free for the person. */
async function keepPages(user, paths) {
  await person(user);
  for (const path of paths.filter((one) => KEPT.test(one))) {
    try {
      const response = await fetch(path, { redirect: "manual", credentials: "same-origin" });
      if (response.ok && (await keptFor()) === user) await keepPage(path, response);
    } catch { return; }
  }
}

self.addEventListener("install", (event) => {
  event.waitUntil(fetch(OFFLINE).then((response) => keepPage(OFFLINE, response)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys()
    .then((names) => Promise.all(names.filter((name) => ![FILES, PAGES].includes(name)).map((name) => caches.delete(name))))
    .then(() => self.clients.claim()));
});
self.addEventListener("message", (event) => {
  const { kind, user, pages } = event.data;
  if (kind === "person") event.waitUntil(person(user));
  if (kind === "nobody") event.waitUntil(person(""));
  if (kind === "keep") event.waitUntil(keepPages(user, pages));
});

/* A page that was kept is shown after a while without an answer; one that was not is waited for. */
async function page(request, path) {
  const pages = await caches.open(PAGES);
  const kept = (await pages.match(path)) || (path === "/" && (await pages.match(LIST)));
  try {
    return kept ? await fetchIn(request, PATIENCE) : await fetch(request);
  } catch {
    return kept || (await (await caches.open(FILES)).match(OFFLINE)) || Response.error();
  }
}
async function file(request, path) {
  const files = await caches.open(FILES), kept = await files.match(path);
  if (kept && LASTING.test(path)) return kept;
  try {
    const response = await fetch(request);
    if (response.ok) await files.put(path, response.clone());
    return response;
  } catch (failure) {
    if (kept) return kept;
    throw failure;
  }
}
self.addEventListener("fetch", (event) => {
  const { request } = event, { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(request, pathname));
  else if (pathname.startsWith("/static/") || pathname === "/manifest.webmanifest") event.respondWith(file(request, pathname));
});
