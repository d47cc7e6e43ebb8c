// A connected socket that may speak TLS: the same calls, in the clear and encrypted, and none of them waits if the socket
// does not. With EHLO_HAS_OPENSSL; without it there is TCP alone, and whoever asks for TLS is told so.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#ifdef EHLO_HAS_OPENSSL
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#else
using SSL_CTX = void;
using SSL = void;
#endif

#ifdef EHLO_HAS_OPENSSL
inline constexpr bool has_tls = true;
namespace tls_detail {
inline void free_all(SSL* s) { SSL_free(s); }
inline void free_all(SSL_CTX* c) { SSL_CTX_free(c); }

// What OpenSSL says of its latest fault.
inline std::string reason() {
    char text[256] = "";
    unsigned long const code = ERR_peek_last_error();
    if (code != 0) ERR_error_string_n(code, text, sizeof text);
    return code != 0 ? text : "the connection was closed";
}
}  // namespace tls_detail
#else
inline constexpr bool has_tls = false;
namespace tls_detail {
inline void free_all(void*) {}
}  // namespace tls_detail
#endif

// What one side brings to every handshake. All of its calls return false when they fail; `why` says why.
class tls_context {
    struct freed {
        void operator()(SSL_CTX* c) const { tls_detail::free_all(c); }
    };
    std::unique_ptr<SSL_CTX, freed> context_;

  public:
    std::string why = "built without OpenSSL";

    explicit operator bool() const { return context_ != nullptr; }
    SSL_CTX* get() const { return context_.get(); }

#ifdef EHLO_HAS_OPENSSL
    // A server, with a certificate and those that vouch for it, and its key (PEM).
    bool serve(std::string const& certificate, std::string const& key) {
        if (!make(TLS_server_method())) return false;
        return checked(SSL_CTX_use_certificate_chain_file(get(), certificate.c_str()) == 1 &&
                       SSL_CTX_use_PrivateKey_file(get(), key.c_str(), SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(get()) == 1);
    }
    // A server with a certificate that vouches for itself, for tests: it is written to `file`, for its clients to trust.
    bool serve_self_signed(std::string const& name, std::string const& file) {
        if (!make(TLS_server_method())) return false;
        std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> const key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
        std::unique_ptr<X509, decltype(&X509_free)> const certificate(X509_new(), &X509_free);
        if (!key || !certificate) return checked(false);
        X509* const x = certificate.get();
        X509_set_version(x, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
        X509_gmtime_adj(X509_getm_notBefore(x), -3600);
        X509_gmtime_adj(X509_getm_notAfter(x), 30L * 86400);
        X509_set_pubkey(x, key.get());
        X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                                   reinterpret_cast<unsigned char const*>(name.c_str()), -1, -1, 0);
        X509_set_issuer_name(x, X509_get_subject_name(x));
        std::string const names = (name[0] == '[' ? "" : "DNS:" + name + ",") + "DNS:localhost,IP:127.0.0.1,IP:::1";
        for (auto const& [id, value] : {std::pair<int, std::string>{NID_subject_alt_name, names}, {NID_basic_constraints, "critical,CA:TRUE"}}) {
            X509_EXTENSION* const e = X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str());
            if (e == nullptr) return checked(false);
            X509_add_ext(x, e, -1);
            X509_EXTENSION_free(e);
        }
        if (X509_sign(x, key.get(), EVP_sha256()) == 0) return checked(false);
        std::FILE* const out = std::fopen(file.c_str(), "we");
        if (out == nullptr) {
            why = file + " cannot be written";
            return false;
        }
        bool const written = PEM_write_X509(out, x) == 1;
        return checked((std::fclose(out) == 0) & written && SSL_CTX_use_certificate(get(), x) == 1 && SSL_CTX_use_PrivateKey(get(), key.get()) == 1);
    }
    // A client that trusts the certificates in a file, or, without one, those of the system; or anybody.
    bool ask(std::string const& trusted, bool anybody) {
        if (!make(TLS_client_method())) return false;
        SSL_CTX_set_verify(get(), anybody ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
        if (anybody) return true;
        return checked((trusted.empty() ? SSL_CTX_set_default_verify_paths(get()) : SSL_CTX_load_verify_locations(get(), trusted.c_str(), nullptr)) == 1);
    }

  private:
    bool make(SSL_METHOD const* method) {
        context_.reset(SSL_CTX_new(method));
        if (!context_) return checked(false);
        SSL_CTX_set_min_proto_version(get(), TLS1_2_VERSION);
        SSL_CTX_set_options(get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
        // As send(): some of the octets may be taken, and what is sent next may stand elsewhere.
        SSL_CTX_set_mode(get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
        return true;
    }
    bool checked(bool good) {
        if (!good) why = tls_detail::reason();
        ERR_clear_error();
        return good;
    }
#else
    bool serve(std::string const&, std::string const&) { return false; }
    bool serve_self_signed(std::string const&, std::string const&) { return false; }
    bool ask(std::string const&, bool) { return false; }
#endif
};

class stream {
    struct freed {
        void operator()(SSL* s) const { tls_detail::free_all(s); }
    };
    int fd_ = -1;
    std::unique_ptr<SSL, freed> tls_;
    bool handshaking_ = false, to_write_ = false, broken_ = false;

  public:
    enum class handshake_is { over, under_way, failed };
    std::string why;  // it failed

    stream() = default;
    explicit stream(int fd) : fd_(fd) {}
    stream(stream&& other) noexcept { *this = std::move(other); }
    stream& operator=(stream&& other) noexcept {
        if (this == &other) return *this;
        close();
        fd_ = std::exchange(other.fd_, -1);
        tls_ = std::move(other.tls_);
        handshaking_ = other.handshaking_;
        to_write_ = other.to_write_;
        broken_ = other.broken_;
        why = std::move(other.why);
        return *this;
    }
    ~stream() { close(); }

    int fd() const { return fd_; }
    bool is_open() const { return fd_ >= 0; }
    bool is_encrypted() const { return tls_ != nullptr && !handshaking_; }
    bool is_handshaking() const { return handshaking_; }
    // What the handshake waits for: POLLIN or POLLOUT.
    short waits_for() const { return to_write_ ? POLLOUT : POLLIN; }

    void close() {
        tls_.reset();
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }

#ifdef EHLO_HAS_OPENSSL
    // Begins TLS; `name`: a client's, whom the server's certificate must be for (none: nobody looks).
    void begin(tls_context const& context, bool server, std::string const& name = "") {
        tls_.reset(SSL_new(context.get()));
        handshaking_ = true;
        broken_ = !tls_ || SSL_set_fd(tls_.get(), fd_) != 1;
        if (broken_) return;
        if (server) return SSL_set_accept_state(tls_.get());
        SSL_set_connect_state(tls_.get());
        if (name.empty()) return;
        // An address stands in another field of a certificate than a name, and is no name to ask a server for.
        bool const is_address = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_.get()), name.c_str()) == 1;
        if (!is_address) broken_ = SSL_set1_host(tls_.get(), name.c_str()) != 1 || SSL_set_tlsext_host_name(tls_.get(), name.c_str()) != 1;
        ERR_clear_error();
    }
    handshake_is handshake() {
        ERR_clear_error();
        int const n = broken_ ? -1 : SSL_do_handshake(tls_.get());
        handshaking_ = n != 1;
        if (n == 1) return handshake_is::over;
        int const error = broken_ ? SSL_ERROR_SSL : SSL_get_error(tls_.get(), n);
        to_write_ = error == SSL_ERROR_WANT_WRITE;
        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return handshake_is::under_way;
        broken_ = true;
        long const distrust = SSL_get_verify_result(tls_.get());
        why = distrust != X509_V_OK ? X509_verify_cert_error_string(distrust) : tls_detail::reason();
        ERR_clear_error();
        return handshake_is::failed;
    }
    // As recv() and send(): octets; 0 at the peer's end; -1 and errno. An end of TCP alone, which anybody can make, is an error.
    ssize_t receive(char* to, std::size_t size) {
        if (!tls_) return ::recv(fd_, to, size, 0);
        ERR_clear_error();
        return result_of(SSL_read(tls_.get(), to, static_cast<int>(size)));
    }
    ssize_t send(std::string_view octets) {
        if (!tls_) return ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
        if (octets.empty()) return 0;
        ERR_clear_error();
        return result_of(SSL_write(tls_.get(), octets.data(), static_cast<int>(octets.size() < (1 << 30) ? octets.size() : 1 << 30)));
    }
    // Octets that were decrypted with others and not asked for yet: no poll will tell of them.
    bool has_more() const { return is_encrypted() && SSL_pending(tls_.get()) > 0; }
    // Nothing more will be sent: said as TLS says it, and then as TCP does.
    void end() {
        if (is_encrypted() && !broken_) {
            ERR_clear_error();
            SSL_shutdown(tls_.get());
            ERR_clear_error();
        }
        ::shutdown(fd_, SHUT_WR);
    }

  private:
    ssize_t result_of(int n) {
        if (n > 0) return n;
        switch (SSL_get_error(tls_.get(), n)) {
        case SSL_ERROR_ZERO_RETURN: return 0;
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE: errno = EAGAIN; return -1;
        case SSL_ERROR_SYSCALL: break;
        default: errno = EPROTO;
        }
        if (errno == 0 || errno == EAGAIN) errno = ECONNRESET;
        broken_ = true;
        ERR_clear_error();
        return -1;
    }
#else
    void begin(tls_context const&, bool, std::string const& = "") { broken_ = true; }
    handshake_is handshake() { return handshake_is::failed; }
    ssize_t receive(char* to, std::size_t size) { return ::recv(fd_, to, size, 0); }
    ssize_t send(std::string_view octets) { return ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL); }
    bool has_more() const { return false; }
    void end() { ::shutdown(fd_, SHUT_WR); }
#endif
};
