// Package connecting tests how a Socket connects, through the exported API only:
// URLs, TLS, proxies, redirects and cookies, and every place where an attempt can
// hang or fail.
package connecting
