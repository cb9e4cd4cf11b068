// Sound messages, one of each kind; the property tests injure them.

const browser = [
  'GET /static/app.js?v=1&lang=en HTTP/1.1',
  'Host: shop.example.com',
  'Connection: keep-alive',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64)',
  'Accept: */*',
  'X-Forwarded-For: 192.0.2.1',
  'Cookie: session=0123456789abcdef; theme=dark',
  '',
  '',
].join('\r\n');

export const REQUESTS = [
  browser,
  'POST /form HTTP/1.1\r\nHost: a.example:8080\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello',
  'PUT /up HTTP/1.1\r\nHost: [::1]:80\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n\r\n5;a=b;c="d"\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n',
  'GET http://a.example/b?c HTTP/1.1\r\nHost: a.example\r\nVia: 1.1 x\r\nVia: 1.1 y\r\nX-Request-Id: r\r\n\r\n',
  'GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n\r\n',
  'GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  'CONNECT db.example:5432 HTTP/1.1\r\nHost: db.example:5432\r\nProxy-Connection: keep-alive\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
];

export const RESPONSES = [
  'HTTP/1.1 200 OK\r\nDate: Mon, 01 Jun 2026 10:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n',
  'HTTP/1.1 200 \r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\nuntil close',
  'HTTP/1.0 404 Not Found\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno',
  'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 5\r\n\r\n',
  'HTTP/1.1 204 No Content\r\nX: caf\xe9\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
];
