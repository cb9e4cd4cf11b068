// The request that every generator sends: the head of a browser, some 700 bytes.

export interface LoadRequest {
  readonly port: number;
  readonly path: string;
  /** More than 0 makes it a POST. */
  readonly bodyBytes: number;
  /** Over TLS. */
  readonly secure?: boolean;
}

export const BROWSER_HEADERS: Readonly<Record<string, string>> = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8',
  'Accept-Language': 'en-GB,en;q=0.9,de;q=0.8',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Cache-Control': 'max-age=0',
  'Sec-CH-UA': '"Chromium";v="141", "Not?A_Brand";v="8"',
  'Sec-CH-UA-Mobile': '?0',
  'Sec-CH-UA-Platform': '"Linux"',
  'Sec-Fetch-Dest': 'document',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-User': '?1',
  'Upgrade-Insecure-Requests': '1',
  Cookie: 'session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=yes',
};

export function requestHead(request: LoadRequest): string {
  const method = request.bodyBytes > 0 ? 'POST' : 'GET';
  const length = request.bodyBytes > 0 ? [['Content-Length', String(request.bodyBytes)] as const] : [];
  const fields = [['Host', `127.0.0.1:${request.port}`] as const, ...Object.entries(BROWSER_HEADERS), ...length];
  return `${method} ${request.path} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}
