// nodemailer's smtp-server, which keeps what it gets: N.eml has the content, N.json the envelope. Prints its port.
//     node smtp_server.js DIR KEY CERTIFICATE USER PASSWORD OPTIONS
const [dir, key, cert, user, pass, options] = process.argv.slice(2), fs = require('fs');
const {SMTPServer} = require('smtp-server');
let count = 0;
const server = new SMTPServer({
    key: fs.readFileSync(key), cert: fs.readFileSync(cert), authMethods: ['PLAIN', 'LOGIN', 'XOAUTH2'], authOptional: true,
    onAuth(auth, session, done) {
        const right = auth.username == user && (auth.method == 'XOAUTH2' ? auth.accessToken : auth.password) == pass;
        done(right ? null : new Error('Invalid'), {user: auth.username});
    },
    onData(stream, session, done) {
        const name = `${dir}/${String(count++).padStart(6, '0')}`, pieces = [];
        stream.on('data', piece => pieces.push(piece));
        stream.on('end', () => {
            fs.writeFileSync(name + '.json', JSON.stringify({from: session.envelope.mailFrom.address, to: session.envelope.rcptTo.map(r => r.address),
                parameters: session.envelope.mailFrom.args, tls: session.secure, login: session.user || null}));
            fs.writeFileSync(name + '.eml', Buffer.concat(pieces));
            done(null, session.envelope.rcptTo.map(() => 'kept'));
        });
    },
    ...JSON.parse(options),
});
server.on('error', () => {});
server.listen(0, '127.0.0.1', () => console.log(server.server.address().port));
