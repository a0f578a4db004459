import { AppError } from '@millrace/kernel';

/** What a browser says about the page that a request comes from. */
export interface PageHeaders {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`. */
  readonly site: string | undefined;
}

const OWN = ['same-origin', 'none'];

/**
 * Whether the page is of this origin. Sites leave out the port: what else listens on this machine is `same-site`, and as foreign as any
 * other. To addresses without TLS that are not loopback browsers say nothing of sites, but they do say the origin of what may change
 * something.
 */
const isOwnPage = ({ host, origin, site }: PageHeaders): boolean => {
  if (site !== undefined) return OWN.includes(site);
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host?.toLowerCase());
};

/**
 * Refuses what a browser sends on behalf of a page that is not ours. Callers that are no browsers send neither header.
 *
 * @throws AppError `forbidden` `http.cross_site`.
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export const checkCrossSite = (headers: PageHeaders): void => {
  if (isOwnPage(headers)) return;
  throw new AppError('forbidden', 'http.cross_site', 'requests from pages of other sites are refused');
};
