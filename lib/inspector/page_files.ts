import uplotCss from "uplot/dist/uPlot.min.css" with { type: "text" };
import uplotScript from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import appScript from "./page/app.js" with { type: "text" };
import html from "./page/index.html" with { type: "text" };
import css from "./page/style.css" with { type: "text" };

/** A file of the page, as it is served. */
export interface PageFile {
  type: string;
  text: string;
}

const javascript = "text/javascript; charset=utf-8";
const stylesheet = "text/css; charset=utf-8";

/** The inspector page, by path. All of it is in the program: no request leaves the machine. */
export const pageFiles: ReadonlyMap<string, PageFile> = new Map([
  ["/", { type: "text/html; charset=utf-8", text: html }],
  ["/style.css", { type: stylesheet, text: css }],
  ["/app.js", { type: javascript, text: appScript }],
  ["/uplot.js", { type: javascript, text: uplotScript }],
  ["/uplot.css", { type: stylesheet, text: uplotCss }],
]);
