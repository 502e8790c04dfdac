/** @import { ExchangeSummary } from "../api_shapes.ts" */
/** @import { Opened } from "./inspection.js" */
import { AdminClient, ApiFailure } from "./admin_client.js";
import { byId, setText } from "./dom.js";
import { Inspection } from "./inspection.js";
import { listenToKeys } from "./keyboard.js";
import { LiveFeed } from "./live_feed.js";
import { formatCount } from "./model/format.js";
import { paced } from "./paced.js";
import { Toolbar } from "./toolbar.js";
import { TokenDialog } from "./token_dialog.js";
import { TopBar } from "./top_bar.js";
import { TunnelState } from "./tunnel_state.js";
import { LinksTable } from "./view/links_table.js";
import { RequestList } from "./view/request_list.js";
import { RttChart } from "./view/rtt_chart.js";

/** How often links, streams and what goes on are asked for, milliseconds. */
const refreshMs = 2_000;

const client = new AdminClient();
const state = new TunnelState(client);
const top = new TopBar();
const inspection = new Inspection({ client, state, top }, openedChanged);
const links = new LinksTable((id) => inspection.openLink(id));
const chart = new RttChart(state.rtts, () => state.now());
const list = new RequestList({ open: (id) => void inspection.openRequest(id), chosen: followChoice });
const toolbar = new Toolbar({
  changed() {
    list.rewind();
    drawRequests();
  },
  leave: () => list.focus(),
});
const feed = new LiveFeed(client, {
  opened,
  event: happened,
  lost: (reason) => top.lost(reason),
  refused: () => dialog.ask(),
});
const dialog = new TokenDialog((token) => {
  client.token = token;
  feed.retry();
});

/** What the list is made of; held still while it is paused. @type {ExchangeSummary[]} */
let listed = [];

const drawRequestsSoon = paced(drawRequests);

/** @type {Opened} */
let lastOpened = null;

listenToKeys({
  move: (by) => list.move(by),
  open: () => withChosen((id) => inspection.openRequest(id)),
  close: () => inspection.close(),
  filter: () => toolbar.focus(),
  replay: () => withChosen((id) => inspection.replay(id)),
  copy: () => withChosen((id) => inspection.copy(id)),
  pause: () => toolbar.togglePause(),
}, { inList: () => list.hasFocus });

setInterval(() => void refresh(), refreshMs);
document.addEventListener("visibilitychange", () => void refresh());
void feed.run();

/** A stream of events has begun: everything before it is loaded. */
async function opened() {
  const before = state.status?.startedAt;
  await state.load();
  top.live();
  if (before !== undefined && state.status?.startedAt !== before) restarted();
  drawAll();
  await inspection.renew(() => true);
}

/** Another process counts its requests from 1 again: what is listed or open by number is not its. */
function restarted() {
  listed = [];
  list.clear();
  inspection.forget();
  top.notice("The process was restarted: what the one before remembered is gone");
}

/**
 * @param {string} event
 * @param {any} data
 */
async function happened(event, data) {
  switch (event) {
    case "requests":
      state.requestsChanged(data);
      drawRequestsSoon();
      return await inspection.renew((id) =>
        data.some((/** @type {ExchangeSummary} */ request) => request.id === id)
      );
    case "links":
      state.linksChanged(data);
      return await refresh();
    case "rtt":
      state.roundTrips(data);
      for (const link of state.links) links.showRtt(link);
      return chart.draw(state.links);
    case "missed":
      return await opened();
  }
}

/** How links and streams are now; what is under way counts on. */
async function refresh() {
  if (document.hidden || !top.isLive) return;
  try {
    await state.refresh();
    if (inspection.goesOn) await inspection.renew(() => true);
  } catch (error) {
    // A connection that is lost is told by the stream of events, which is tried again.
    if (!(error instanceof ApiFailure)) throw error;
    return;
  }
  drawAll();
}

function drawAll() {
  if (state.status !== null) top.showStatus(state.status);
  drawLinks();
  drawRequests();
}

function drawLinks() {
  const { opened } = inspection;
  links.show(state.links, {
    opened: opened?.kind === "link" ? opened.id : null,
    side: state.status?.side ?? "gateway",
  });
  chart.draw(state.links);
  inspection.showLinks();
}

function drawRequests() {
  const all = state.requests.newest(() => true);
  if (!toolbar.isPaused) listed = all;
  toolbar.showWaiting(all.filter(({ id }) => id > (listed[0]?.id ?? 0)).length);
  const matching = listed.filter(toolbar.matches);
  const now = state.now();
  list.show(matching.map((request) => counting(request, now)));
  const unrecorded = state.status?.history.unrecorded ?? 0;
  toolbar.showCount({ matching: matching.length, all: listed.length, unrecorded });
  const empty = byId("no-requests");
  empty.hidden = matching.length > 0;
  setText(empty, emptyWords(listed.length));
}

/** What goes on takes longer and longer. @param {ExchangeSummary} request @param {number} now */
function counting(request, now) {
  if (request.state === "done") return request;
  const second = Math.floor(Math.max(request.durationMs, now - request.startedAt) / 1000) * 1000;
  return { ...request, durationMs: Math.max(request.durationMs, second) };
}

/** @param {number} size */
function emptyWords(size) {
  if (size > 0) return `None of ${formatCount(size, "request")} matches the filter.`;
  if (state.status?.history.max === 0) return "Nothing is recorded: --inspect-requests is 0.";
  return "No requests yet. They appear here as they come.";
}

function openedChanged() {
  const { opened } = inspection;
  // Whoever closes it goes on where it was opened.
  if (opened === null && lastOpened?.kind === "link") links.focus(lastOpened.id);
  if (opened === null && lastOpened?.kind === "request") list.focus();
  lastOpened = opened;
  list.mark(opened?.kind === "request" ? opened.id : null);
  byId("main").classList.toggle("has-detail", opened !== null);
  drawLinks();
}

/** While a request is open, the one that keys reach is opened in its place. @param {number} id */
function followChoice(id) {
  const { opened } = inspection;
  if (opened?.kind === "request" && opened.id !== id) void inspection.openRequest(id);
}

/** The open request, or the one that is chosen in the list. @param {(id: number) => Promise<void>} act */
function withChosen(act) {
  const { opened } = inspection;
  const id = opened?.kind === "request" ? opened.id : list.chosen;
  if (id !== null) void act(id);
}
