/** Where to go after signing in: a path of this site, whatever the link says. */
export function nextOf(url: URL): string {
  const next = url.searchParams.get('next') ?? '/';
  return /^\/(?![/\\])/.test(next) ? next : '/';
}
