"""The mail libraries of other languages deliver to mailsink over TLS and with AUTH: PHP, Ruby, Go, Java."""

import pathlib
import subprocess
import tempfile

import harness
import matrix
import packages
from test_programs import CONTENTS, TO_MAILSINK, ProgramCase
from test_tls import PASSWORD, USER

SMALL = {name: CONTENTS[name] for name in ("dots", "everything")}


class LibraryCase(ProgramCase):
    """program(): the words of a command that takes HOW PORT CA MECHANISM USER PASSWORD FILE; HOW is starttls or tls."""

    needs = {}

    def program(self):
        raise NotImplementedError

    @classmethod
    def made_once(cls, name):
        """A folder with the program's source, for all the tests."""
        folder = tempfile.TemporaryDirectory(prefix="ehlo-interop-")
        cls.addClassCleanup(folder.cleanup)
        (pathlib.Path(folder.name) / name).write_text(cls.PROGRAM)
        return pathlib.Path(folder.name)

    def deliver(self, sink, content, how, mechanism=""):
        self.must_run([*self.program(), how, sink.tls_port if how == "tls" else sink.port, sink.ca, mechanism, USER, PASSWORD,
                       self.file("m", content)], env=packages.libraries() | self.needs)
        return content


def ways(*mechanisms):
    return {"STARTTLS, verified": ("ESMTPS", "starttls"), "TLS, verified": ("ESMTPS", "tls"),
            **{f"STARTTLS, {name}": ("ESMTPSA", "starttls", name) for name in mechanisms}}


@matrix.ways("PHPMailer's SMTP", TO_MAILSINK, "octet for octet; it ends the last line itself", ways("PLAIN", "LOGIN"))
class PhpMailer(LibraryCase):
    PROGRAM = r"""
        foreach (['Exception', 'SMTP'] as $name) require "$argv[1]/$name.php";
        [, , $how, $port, $ca, $mechanism, $user, $password, $file] = $argv;
        $smtp = new PHPMailer\PHPMailer\SMTP;
        $trust = ['ssl' => ['cafile' => $ca, 'peer_name' => 'localhost']];
        $smtp->connect(($how == 'tls' ? 'ssl://' : '') . 'localhost', (int) $port, 15, $trust)
            && $smtp->hello('client.example')
            && ($how == 'tls' || ($smtp->startTLS() && $smtp->hello('client.example')))
            && ($mechanism == '' || $smtp->authenticate($user, $password, $mechanism))
            && $smtp->mail('a@example.com') && $smtp->recipient('b@example.com')
            && $smtp->data(substr(file_get_contents($file), 0, -2))
            && $smtp->quit() || exit(json_encode($smtp->getError()) . 1);
    """

    @classmethod
    def require(cls):
        super().require()
        cls.php = packages.program("bin/php8.2", "php8.2-cli")
        cls.library = packages.program("SMTP.php", "libphp-phpmailer").parent

    def program(self):
        return [self.php, "-n", "-r", self.PROGRAM, "--", self.library]


@matrix.ways("Ruby's net/smtp", TO_MAILSINK, "octet for octet", ways("PLAIN", "LOGIN"))
class Ruby(LibraryCase):
    PROGRAM = r"""
        how, port, ca, mechanism, user, password, file = ARGV
        context = OpenSSL::SSL::SSLContext.new
        context.set_params(ca_file: ca)
        smtp = Net::SMTP.new("localhost", port.to_i)
        how == "tls" ? smtp.enable_tls(context) : smtp.enable_starttls(context)
        login = mechanism.empty? ? [] : [user, password, mechanism.downcase.to_sym]
        smtp.start("client.example", *login) { |s| s.send_message(File.binread(file), "a@example.com", "b@example.com") }
    """

    @classmethod
    def require(cls):
        super().require()
        cls.ruby = packages.program("bin/ruby3.1", "ruby3.1")
        folders = [packages.program(name, "libruby3.1").parents[up]
                   for name, up in (("openssl.rb", 0), ("openssl.so", 0), ("net/smtp.rb", 1), ("net/protocol.rb", 1))]
        cls.needs = {"RUBYLIB": ":".join(map(str, folders))}

    def program(self):
        return [self.ruby, "--disable=gems", "-ropenssl", "-rnet/smtp", "-e", self.PROGRAM, "--"]


@matrix.ways("Go's net/smtp", TO_MAILSINK, "octet for octet", ways("PLAIN"))
class Go(LibraryCase):
    PROGRAM = r"""
package main

import ("crypto/tls"; "crypto/x509"; "net/smtp"; "os")

func must(err error) { if err != nil { panic(err) } }

func main() {
	a := os.Args[1:]
	how, port, ca, mechanism, user, password, file := a[0], a[1], a[2], a[3], a[4], a[5], a[6]
	pem, err := os.ReadFile(ca)
	must(err)
	content, err := os.ReadFile(file)
	must(err)
	trust := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "localhost"}
	trust.RootCAs.AppendCertsFromPEM(pem)
	var client *smtp.Client
	if how == "tls" {
		connection, err := tls.Dial("tcp", "localhost:"+port, trust)
		must(err)
		client, err = smtp.NewClient(connection, "localhost")
		must(err)
		must(client.Hello("client.example"))
	} else {
		client, err = smtp.Dial("localhost:" + port)
		must(err)
		must(client.Hello("client.example"))
		must(client.StartTLS(trust))
	}
	if mechanism != "" { must(client.Auth(smtp.PlainAuth("", user, password, "localhost"))) }
	must(client.Mail("a@example.com"))
	must(client.Rcpt("b@example.com"))
	data, err := client.Data()
	must(err)
	_, err = data.Write(content)
	must(err)
	must(data.Close())
	must(client.Quit())
}
"""

    @classmethod
    def require(cls):
        super().require()
        cls.tools = packages.program("compile", "golang-1.19-go").parent
        cls.library = packages.program("net/smtp.a", "golang-1.19-go").parents[1]

    @classmethod
    def setUpClass(cls):
        cls.made = cls.made_once("m.go")
        for tool in (["compile", "-I", cls.library, "-o", cls.made / "m.o", cls.made / "m.go"],
                     ["link", "-L", cls.library, "-o", cls.made / "m", cls.made / "m.o"]):
            subprocess.run([cls.tools / tool[0], *tool[1:]], check=True, timeout=harness.PATIENCE)

    def program(self):
        return [self.made / "m"]


@matrix.ways("JavaMail", TO_MAILSINK, "octet for octet", ways("LOGIN", "XOAUTH2"))
class JavaMail(LibraryCase):
    contents = SMALL  # it is slow to start
    PROGRAM = r"""
import java.io.*;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Properties;
import javax.net.ssl.*;
import javax.mail.*;
import javax.mail.internet.*;

public class M {
    public static void main(String[] a) throws Exception {
        boolean tls = a[0].equals("tls");
        KeyStore known = KeyStore.getInstance("PKCS12");
        known.load(null, null);
        known.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(new FileInputStream(a[2])));
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(known);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        Properties p = new Properties();
        p.put("mail.smtp.ssl.socketFactory", context.getSocketFactory());
        p.put("mail.smtp.localhost", "client.example");
        p.put("mail.smtp.ssl.enable", "" + tls);
        p.put("mail.smtp.starttls.enable", "" + !tls);
        p.put("mail.smtp.starttls.required", "" + !tls);
        p.put("mail.smtp.from", "a@example.com");
        p.put("mail.smtp.auth", "" + !a[3].isEmpty());
        if (!a[3].isEmpty()) p.put("mail.smtp.auth.mechanisms", a[3]);
        p.put("mail.smtp.ssl.checkserveridentity", "true");
        Session session = Session.getInstance(p);
        try (InputStream in = new FileInputStream(a[6]); Transport to = session.getTransport("smtp")) {
            to.connect("localhost", Integer.parseInt(a[1]), a[3].isEmpty() ? null : a[4], a[3].isEmpty() ? null : a[5]);
            MimeMessage message = new MimeMessage(session, in) { public void saveChanges() {} };
            to.sendMessage(message, InternetAddress.parse("b@example.com"));
        }
    }
}
"""

    @classmethod
    def require(cls):
        super().require()
        cls.java = harness.tool("java", "openjdk-17-jre-headless")
        cls.jars = ":".join(str(packages.program(*jar)) for jar in (
            ("java/javax.mail.jar", "libmail-java"), ("javax.activation.jar", "libactivation-java"),
            ("java/eclipse-jdt-core.jar", "libeclipse-jdt-core-java")))

    @classmethod
    def setUpClass(cls):
        cls.made = cls.made_once("M.java")
        compiler = "org.eclipse.jdt.internal.compiler.batch.Main"
        subprocess.run([cls.java, "-XX:TieredStopAtLevel=1", "-cp", cls.jars, compiler, "-17", "-proc:none", "-cp", cls.jars,
                        "-d", cls.made, cls.made / "M.java"], check=True, timeout=2 * harness.PATIENCE)

    def program(self):
        return [self.java, "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-cp", f"{self.made}:{self.jars}", "M"]
