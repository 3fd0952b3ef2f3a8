/** Whether what is sent to a URL is for nobody else to read: `https`, or this machine. */
export function isSafeUrl(url: URL): boolean {
  const { protocol, hostname } = url;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

/** As a URL has it: an IPv4 address is in its usual form, an IPv6 address in brackets. */
const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
