import uplotCss from "uplot/dist/uPlot.min.css" with { type: "text" };
import uplotScript from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import adminClientScript from "./page/admin_client.js" with { type: "text" };
import appScript from "./page/app.js" with { type: "text" };
import clipboardScript from "./page/clipboard.js" with { type: "text" };
import domScript from "./page/dom.js" with { type: "text" };
import iconSvg from "./page/icon.svg" with { type: "text" };
import html from "./page/index.html" with { type: "text" };
import inspectionScript from "./page/inspection.js" with { type: "text" };
import keyboardScript from "./page/keyboard.js" with { type: "text" };
import liveFeedScript from "./page/live_feed.js" with { type: "text" };
import modelAnswerDiffScript from "./page/model/answer_diff.js" with { type: "text" };
import modelBodyViewsScript from "./page/model/body_views.js" with { type: "text" };
import modelCurlCommandScript from "./page/model/curl_command.js" with { type: "text" };
import modelEventParserScript from "./page/model/event_parser.js" with { type: "text" };
import modelExchangeTimelineScript from "./page/model/exchange_timeline.js" with { type: "text" };
import modelFormatScript from "./page/model/format.js" with { type: "text" };
import modelHexDumpScript from "./page/model/hex_dump.js" with { type: "text" };
import modelJsonTreeScript from "./page/model/json_tree.js" with { type: "text" };
import modelLineDiffScript from "./page/model/line_diff.js" with { type: "text" };
import modelRequestFilterScript from "./page/model/request_filter.js" with { type: "text" };
import modelRequestStoreScript from "./page/model/request_store.js" with { type: "text" };
import modelRttBinsScript from "./page/model/rtt_bins.js" with { type: "text" };
import modelShellQuoteScript from "./page/model/shell_quote.js" with { type: "text" };
import bodyCss from "./page/style/body.css" with { type: "text" };
import detailCss from "./page/style/detail.css" with { type: "text" };
import linksCss from "./page/style/links.css" with { type: "text" };
import pageCss from "./page/style/page.css" with { type: "text" };
import requestsCss from "./page/style/requests.css" with { type: "text" };
import timelineCss from "./page/style/timeline.css" with { type: "text" };
import pacedScript from "./page/paced.js" with { type: "text" };
import tokenDialogScript from "./page/token_dialog.js" with { type: "text" };
import toolbarScript from "./page/toolbar.js" with { type: "text" };
import topBarScript from "./page/top_bar.js" with { type: "text" };
import tunnelStateScript from "./page/tunnel_state.js" with { type: "text" };
import viewBodyViewScript from "./page/view/body_view.js" with { type: "text" };
import viewCompareViewScript from "./page/view/compare_view.js" with { type: "text" };
import viewDetailPaneScript from "./page/view/detail_pane.js" with { type: "text" };
import viewJsonViewScript from "./page/view/json_view.js" with { type: "text" };
import viewLinkViewScript from "./page/view/link_view.js" with { type: "text" };
import viewLinksTableScript from "./page/view/links_table.js" with { type: "text" };
import viewRequestListScript from "./page/view/request_list.js" with { type: "text" };
import viewRequestViewScript from "./page/view/request_view.js" with { type: "text" };
import viewRttChartScript from "./page/view/rtt_chart.js" with { type: "text" };
import viewSparklineScript from "./page/view/sparkline.js" with { type: "text" };
import viewTimelineViewScript from "./page/view/timeline_view.js" with { type: "text" };

/** A file of the page, as it is served. */
export interface PageFile {
  type: string;
  text: string;
}

const types: Record<string, string> = {
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** Every file but the page itself, by path. */
const files: Record<string, string> = {
  "/admin_client.js": adminClientScript,
  "/app.js": appScript,
  "/clipboard.js": clipboardScript,
  "/dom.js": domScript,
  "/icon.svg": iconSvg,
  "/inspection.js": inspectionScript,
  "/keyboard.js": keyboardScript,
  "/live_feed.js": liveFeedScript,
  "/model/answer_diff.js": modelAnswerDiffScript,
  "/model/body_views.js": modelBodyViewsScript,
  "/model/curl_command.js": modelCurlCommandScript,
  "/model/event_parser.js": modelEventParserScript,
  "/model/exchange_timeline.js": modelExchangeTimelineScript,
  "/model/format.js": modelFormatScript,
  "/model/hex_dump.js": modelHexDumpScript,
  "/model/json_tree.js": modelJsonTreeScript,
  "/model/line_diff.js": modelLineDiffScript,
  "/model/request_filter.js": modelRequestFilterScript,
  "/model/request_store.js": modelRequestStoreScript,
  "/model/rtt_bins.js": modelRttBinsScript,
  "/model/shell_quote.js": modelShellQuoteScript,
  "/style/body.css": bodyCss,
  "/style/detail.css": detailCss,
  "/style/links.css": linksCss,
  "/style/page.css": pageCss,
  "/style/requests.css": requestsCss,
  "/style/timeline.css": timelineCss,
  "/paced.js": pacedScript,
  "/token_dialog.js": tokenDialogScript,
  "/toolbar.js": toolbarScript,
  "/top_bar.js": topBarScript,
  "/tunnel_state.js": tunnelStateScript,
  "/view/body_view.js": viewBodyViewScript,
  "/view/compare_view.js": viewCompareViewScript,
  "/view/detail_pane.js": viewDetailPaneScript,
  "/view/json_view.js": viewJsonViewScript,
  "/view/link_view.js": viewLinkViewScript,
  "/view/links_table.js": viewLinksTableScript,
  "/view/request_list.js": viewRequestListScript,
  "/view/request_view.js": viewRequestViewScript,
  "/view/rtt_chart.js": viewRttChartScript,
  "/view/sparkline.js": viewSparklineScript,
  "/view/timeline_view.js": viewTimelineViewScript,
  "/uplot.css": uplotCss,
  "/uplot.js": uplotScript,
};

/** The inspector page, by path. All of it is in the program: no request leaves the machine. */
export const pageFiles: ReadonlyMap<string, PageFile> = new Map([
  ["/", { type: "text/html; charset=utf-8", text: html }],
  ...Object.entries(files).map(([path, text]): [string, PageFile] => [path, { type: typeOf(path), text }]),
]);

function typeOf(path: string): string {
  return types[path.slice(path.lastIndexOf(".") + 1)];
}
