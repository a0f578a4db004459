import { AppError } from '@millrace/kernel';

/**
 * Refuses what a browser sends on behalf of another site.
 *
 * @throws AppError `forbidden` `http.cross_site`.
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export const checkCrossSite = (secFetchSite: string | string[] | undefined): void => {
  if (secFetchSite === 'cross-site') {
    throw new AppError('forbidden', 'http.cross_site', 'requests from pages of other sites are refused');
  }
};
