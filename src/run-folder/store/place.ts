/** Where a store is: a path, or a URI, which may have a user name and a password. */
import { usageError } from "../../base/errors.ts";

const URI_REGEXP = /^([a-z][a-z0-9+.-]+):\/\//i;

/** Is it the place of a remote store? Others are folders. */
export function isUri(place: string): boolean {
  return URI_REGEXP.test(place);
}

/** As the user named it, without credentials: for everything that is printed. @throws AppError "usage". */
export function shownPlace(place: string): string {
  return isUri(place) ? shownUri(parseUri(place)) : place;
}

/** The error of URL may quote the text, with its password. */
export function parseUri(place: string): URL {
  if (URL.canParse(place)) return new URL(place);
  throw usageError("Cannot open the URI of a run folder: it is not valid", {
    hint: "Percent-encode special characters in its user name and password",
  });
}

export function shownUri(uri: URL): string {
  const shown = new URL(uri);
  if (shown.password !== "") shown.password = "***";
  if (shown.username !== "") shown.username = "***";
  shown.search = "";
  shown.hash = "";
  return shown.href;
}
