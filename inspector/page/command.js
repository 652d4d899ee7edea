// The line for a shell that makes the same connection.

const quoted = s => /^[\w@%+=:,./-]+$/.test(s) ? s : `'${s.replaceAll("'", "'\\''")}'`;

// command names this page's origin to servers of others.
export function command({url, protocols, again}) {
	const {host, href} = new URL(url);
	const words = ["airsocket", "connect", ...protocols.flatMap(p => ["-subprotocol", p])];
	if (again()) words.push("-reconnect");
	if (host !== location.host) words.push("-origin", location.origin);
	return [...words, href].map(quoted).join(" ");
}
