// What can be clicked on. `options` are those of explain that the example needs.

const letter = "From: Ann <ann@client.example>\nTo: Bob <bob@server.example>\nSubject: lunch\n\nAt noon?\n..and a line with a dot.\n.";
const envelope = "MAIL FROM:<ann@client.example>\nRCPT TO:<bob@server.example>\n";

const examples = {
  command: [
    ["Good", "MAIL FROM:<ann@client.example> SIZE=2048 BODY=8BITMIME RET=HDRS ENVID=QQ+20314\nRCPT TO:<bob@server.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob+2B1@server.example\nAUTH PLAIN AGFubgBzZWNyZXQ="],
    ["Mistakes", "RCPT TO:<bob@exa_mple.org>\nMAIL FROM: <ann@client.example>\nRCPT TO:<a..b@server.example>\nMAIL FROM:<ann@client.example> BODY=8BIT\nEHLO\nHELLO client.example"],
    ["UTF-8", "MAIL FROM:<jürgen@münchen.example> SMTPUTF8\nRCPT TO:<用户@例え.example>\nRCPT TO:<пётр@пример..example>", ["smtputf8"]],
    ["Injection", "MAIL FROM:<ann@client.example>\\rRCPT TO:<eve@evil.example>\nRCPT TO:<bob@server.example>\\0@evil.example>\nBDAT 5 LAST\\nQUIT"],
    ["Chunks, proxies", "BDAT 86000 LAST\nXCLIENT NAME=spike.client.example ADDR=192.0.2.42\nMAIL FROM:<> BY=600;R MT-PRIORITY=3"],
  ],
  path: [
    ["Good", "<ann@client.example>\n<\"ann b\"@client.example>\n<bob@[192.0.2.1]>\n<bob@[IPv6:2001:db8::1]>\n<@relay.example:bob@server.example>\n<>\n<Postmaster>"],
    ["Mistakes", "<ann@client>example>\n<ann@-client.example>\n<bob@[IPv6:2001:db8:::1]>\n<\"ann@client.example>\nann@client.example"],
  ],
  mailbox: [
    ["Good", "ann@client.example\n\"ann\\\\ b\"@client.example\nbob@[192.0.2.1]"],
    ["Mistakes", "ann.@client.example\nann@client..example\nbob@[192.0.2.256]"],
  ],
  reply: [
    ["Good", "250-server.example\n250 SIZE 1000"],
    ["Two codes", "250-one thing\n550 and another"],
    ["Status", "550 5.7.26 This mail is not authenticated"],
    ["Bare LF", "250-server.example\\n250 OK"],
  ],
  ehlo: [
    ["Good", "250-server.example at your service\n250-SIZE 36700160\n250-8BITMIME\n250-STARTTLS\n250-AUTH PLAIN LOGIN\n250-PIPELINING\n250-CHUNKING\n250 SMTPUTF8"],
    ["Odd", "250-server.example\n250-AUTH=LOGIN\n250-SIZE many\n250 X-UNKNOWN 1 2"],
  ],
  content: [
    ["Good", letter],
    ["Smuggling", "Subject: one\n\nThe first ends here?\\n.\\r\\nMAIL FROM:<eve@evil.example>\n.", ["bare=reject"]],
    ["Not ended", "Subject: one\n\nNo line with a dot"],
  ],
  proxy: [
    ["Good", "PROXY TCP4 192.0.2.1 192.0.2.2 40000 25\nPROXY UNKNOWN"],
    ["Mistakes", "PROXY TCP4 192.0.2.256 192.0.2.2 40000 25\nPROXY TCP4 192.0.2.1 2001:db8::1 40000 25"],
  ],
  session: [
    ["Good", `EHLO client.example\n${envelope}DATA\n${letter}\nQUIT`],
    ["Mistakes", `MAIL FROM:<ann@client.example>\nEHLO client.example\nMAIL FROM: <ann@client.example>\nMAIL FROM:<ann@client.example> BODY=8BIT\n${envelope}RCPT TO:<carol@server..example>\nDATA\nHello\n.\nMIAL\nQUIT`],
    ["Smuggling", `EHLO client.example\n${envelope}DATA\nThe letter ends here?\\n.\\nMAIL FROM:<eve@evil.example>\\nRCPT TO:<bob@server.example>\\nDATA\\nA letter that Ann never wrote\n.\nQUIT`],
    ["Pipelining", `EHLO client.example\n${envelope}RCPT TO:<carol@server.example>\nDATA\n${letter}\n${envelope}DATA\nThe second.\n.\nQUIT`],
    ["STARTTLS", `EHLO client.example\nSTARTTLS\nEHLO client.example\nAUTH PLAIN AGFubgBzZWNyZXQ=\n${envelope}DATA\n${letter}\nQUIT`],
    ["STARTTLS, injection", "EHLO client.example\nSTARTTLS\nMAIL FROM:<eve@evil.example>", ["at-once"]],
    ["BDAT", `EHLO client.example\n${envelope}BDAT 16\nSubject: lunch\nBDAT 12 LAST\n\nAt noon?\nQUIT`],
    ["LMTP", `LHLO client.example\n${envelope}RCPT TO:<carol@server.example>\nDATA\n${letter}\nQUIT`, ["lmtp"]],
    ["UTF-8", `EHLO client.example\nMAIL FROM:<jürgen@münchen.example> SMTPUTF8\nRCPT TO:<用户@例え.example>\nDATA\nSubject: Grüße\n\nHallo!\n.\nQUIT`],
  ],
  client: [
    ["Good", "220 server.example ESMTP\n250-server.example\n250-SIZE 1000000\n250 PIPELINING\n250 2.1.0 OK\n250 2.1.5 OK\n354 Go on\n250 2.0.0 Queued as 4711\n221 2.0.0 Bye"],
    ["Refused", "220 server.example ESMTP\n250 server.example\n250 OK\n550 5.1.1 No such user here\n221 Bye"],
    ["Try later", "220 server.example ESMTP\n250 server.example\n250 OK\n451 4.7.1 Greylisted, come back in five minutes\n221 Bye"],
    ["STARTTLS", "220 server.example ESMTP\n250-server.example\n250 STARTTLS\n220 Go on\n250 server.example\n250 OK\n250 OK\n354 Go on\n250 Queued\n221 Bye", ["tls=must"]],
    ["Downgrade", "220 server.example ESMTP\n250-server.example\n250 8BITMIME\n221 Bye", ["tls=must"]],
    ["LMTP", "220 server.example LMTP\n250 server.example\n250 OK\n250 OK\n250 OK\n354 Go on\n250 2.1.5 Delivered to bob\n452 4.2.2 carol's mailbox is full\n221 Bye", ["lmtp"]],
    ["Broken", "220 server.example ESMTP\n250-server.example\n25O SIZE"],
  ],
  watch: [
    ["Good", "S: 220 server.example ESMTP\nC: EHLO client.example\nS: 250-server.example\nS: 250 PIPELINING\nC: MAIL FROM:<ann@client.example>\nC: RCPT TO:<bob@server.example>\nC: DATA\nS: 250 OK\nS: 250 OK\nS: 354 Go on\nC: Subject: lunch\nC: \nC: At noon?\nC: .\nS: 250 Queued\nC: QUIT\nS: 221 Bye"],
    ["Odd", "S: 220 server.example ESMTP\nC: HELO client.example\nS: 250 server.example\nC: MAIL FROM: <ann@client.example>\nC: RCPT TO:<bob@server.example>\nS: 250 OK\nS: 250 OK\nC: DATA\nS: 354 Go on\nC: Hello\nC: .\nS: 250 Queued\nS: 250 Queued\nC: QUIT\nS: 221 Bye"],
    ["A capture", null],
  ],
};
const capture = "/* a capture, base64 */";
