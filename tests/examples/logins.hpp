// Both sides of AUTH: PLAIN, LOGIN, XOAUTH2 (whose token is the password here), and, with OpenSSL, SCRAM-SHA-256. What is
// secret is never written anywhere but to the peer.
#pragma once

#include <ehlo/ehlo.hpp>
#include <ehlo/scram.hpp>

#include <strings.h>
#include <sys/random.h>

#include <cstdint>
#include <fstream>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#ifdef EHLO_HAS_OPENSSL
#include <openssl/evp.h>
#include <openssl/hmac.h>
#endif

namespace logins {

inline std::string in_base64(std::string_view octets) {
    std::string text(ehlo::base64_size(octets.size()), '\0');
    ehlo::writer out(text.data(), text.size());
    return ehlo::encode_base64(out, octets) ? text : std::string();
}
inline std::string from_base64(std::string_view text) {
    std::string octets(text.size(), '\0');
    ehlo::writer out(octets.data(), octets.size());
    return ehlo::decode_base64(out, text) ? std::string(out.text()) : std::string();
}
// A SASL message as it stands on the wire before base64.
template <class Message>
std::string spelled(Message const& m) {
    char room[2048];
    ehlo::writer out(room);
    return ehlo::write_message(out, m) ? std::string(out.text()) : std::string();
}

constexpr std::uint32_t iterations = 4096;  // RFC 7677 4
constexpr std::size_t digest = 32;

#ifdef EHLO_HAS_OPENSSL
inline constexpr bool has_scram = true;
inline auto sha256() {
    auto hmac = [](std::string_view key, std::initializer_list<std::string_view> pieces, char* to) {
        std::string all;
        for (std::string_view const p : pieces) all += p;
        HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<unsigned char const*>(all.data()), all.size(),
             reinterpret_cast<unsigned char*>(to), nullptr);
    };
    auto hash = [](std::string_view octets, char* to) {
        EVP_Digest(octets.data(), octets.size(), reinterpret_cast<unsigned char*>(to), nullptr, EVP_sha256(), nullptr);
    };
    return ehlo::scram_hash{digest, hmac, hash};
}
inline std::string salted(std::string_view password, std::string_view salt, std::uint32_t count) {
    std::string out(digest, '\0');
    PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), reinterpret_cast<unsigned char const*>(salt.data()),
                      static_cast<int>(salt.size()), static_cast<int>(count), EVP_sha256(), static_cast<int>(digest),
                      reinterpret_cast<unsigned char*>(out.data()));
    return out;
}
#else
inline constexpr bool has_scram = false;
inline auto sha256() {
    auto hmac = [](std::string_view, std::initializer_list<std::string_view>, char*) {};
    auto hash = [](std::string_view, char*) {};
    return ehlo::scram_hash{digest, hmac, hash};
}
inline std::string salted(std::string_view, std::string_view, std::uint32_t) { return {}; }
#endif

inline std::string random_octets() {
    char octets[18] = {};
    return ::getrandom(octets, sizeof octets, 0) == sizeof octets ? std::string(octets, sizeof octets) : std::string();
}

struct account {
    std::string password, salt{}, stored_key{}, server_key{};
};

class users {
    std::map<std::string, account, std::less<>> all_;

  public:
    bool empty() const { return all_.empty(); }
    account const* find(std::string_view name) const {
        auto const found = all_.find(name);
        return found == all_.end() ? nullptr : &found->second;
    }
    std::pair<std::string const, account> const& first() const { return *all_.begin(); }
    // "NAME:PASSWORD". False: it is not that.
    bool add(std::string_view line) {
        std::size_t const colon = line.find(':');
        if (colon == 0 || colon == line.npos || colon + 1 == line.size()) return false;
        account a{std::string(line.substr(colon + 1))};
        if (has_scram) {
            a.salt = random_octets();
            std::string const key = salted(a.password, a.salt, iterations);
            auto const h = sha256();
            a.stored_key = a.server_key = std::string(digest, '\0');
            h.hmac(key, {"Client Key"}, a.stored_key.data());
            h.hash(a.stored_key, a.stored_key.data());
            h.hmac(key, {"Server Key"}, a.server_key.data());
        }
        all_.insert_or_assign(std::string(line.substr(0, colon)), a);
        return true;
    }
    // A line for each; false if it cannot be read, or one is wrong.
    bool read(std::string const& file) {
        std::ifstream in(file);
        for (std::string line; std::getline(in, line);)
            if (!line.empty() && !add(line)) return false;
        return in.eof() && !all_.empty();
    }
};

// The server's side of one exchange.
class server_login {
    enum class step { first, login_name, login_password, scram_final, scram_done };

    ehlo::mechanism how_ = ehlo::mechanism::unknown;
    step next_ = step::first;
    std::string name_, said_;                // said_: the latest challenge
    std::string header_, bare_, nonce_;      // SCRAM: the client's first message, and the nonce of both
    account account_{};
    bool known_ = false;

    ehlo::auth_answer done(bool yes) {
        if (!yes) name_.clear();
        return yes ? ehlo::replies::authenticated : ehlo::replies::bad_credentials;
    }
    ehlo::auth_answer ask(std::string what, step next) {
        said_ = std::move(what);
        next_ = next;
        return ehlo::challenge{said_};
    }
    void look_up(users const& all, std::string_view name) {
        name_ = name;
        account const* const found = all.find(name);
        known_ = found != nullptr;
        account_ = known_ ? *found : account{{}, random_octets(), std::string(digest, 'x'), std::string(digest, 'x')};
    }
    bool has_password(std::string_view password) const { return ehlo::same_secret(password, account_.password) && known_; }

    ehlo::auth_answer take(users const& all, std::string_view octets) {
        switch (next_) {
        case step::login_name:
            if (!ehlo::parse_login(octets)) return done(false);
            look_up(all, octets);
            return ask(std::string(ehlo::sasl::login_password), step::login_password);
        case step::login_password: return done(has_password(octets));
        case step::scram_final: return take_scram_final(octets);
        case step::scram_done: return done(octets.empty());
        case step::first: break;
        }
        if (how_ == ehlo::mechanism::login) {
            next_ = step::login_name;
            return take(all, octets);
        }
        if (how_ == ehlo::mechanism::plain) {
            auto const m = ehlo::parse_plain(octets);
            if (!m) return done(false);
            look_up(all, m->authcid);
            return done(has_password(m->password) && (m->authzid.empty() || m->authzid == m->authcid));
        }
        if (how_ == ehlo::mechanism::xoauth2) {
            auto const m = ehlo::parse_xoauth2(octets);
            if (!m) return done(false);
            look_up(all, m->user);
            return done(has_password(m->token));
        }
        return take_scram_first(all, octets);
    }
    ehlo::auth_answer take_scram_first(users const& all, std::string_view octets) {
        auto const m = ehlo::parse_scram_client_first(octets);
        if (!m || m->header.binding == ehlo::sasl::binding::used) return done(false);  // SCRAM-SHA-256-PLUS is not offered
        char room[256];
        ehlo::writer name(room);
        if (!ehlo::write_unescaped(name, m->user)) return done(false);
        look_up(all, name.text());
        header_ = m->header_text;
        bare_ = m->bare;
        nonce_ = std::string(m->nonce) + in_base64(random_octets());
        std::string const salt = in_base64(account_.salt);
        ehlo::sasl::scram_server_first const first{nonce_, salt, iterations};
        return ask(spelled(first), step::scram_final);
    }
    ehlo::auth_answer take_scram_final(std::string_view octets) {
        auto const m = ehlo::parse_scram_client_final(octets);
        if (!m || m->nonce != nonce_ || m->channel != in_base64(header_)) return done(false);
        ehlo::scram_transcript const t{bare_, said_, m->without_proof};
        std::string scratch(digest, '\0');
        if (!ehlo::verify_scram_proof(sha256(), account_.stored_key, t, from_base64(m->proof), scratch.data()) || !known_) return done(false);
        ehlo::make_scram_signature(sha256(), account_.server_key, t, scratch.data());
        std::string const verifier = in_base64(scratch);
        ehlo::sasl::scram_server_final final;
        final.verifier = verifier;
        return ask(spelled(final), step::scram_done);
    }

    // Decodes, answers, and forgets what the client has said.
    template <class Said>
    ehlo::auth_answer take_decoded(users const& all, Said const& said) {
        static char room[ehlo::max_auth_line];
        auto const octets = said.decode(room);
        auto const answer = octets ? take(all, *octets) : done(false);
        ::explicit_bzero(room, sizeof room);
        return answer;
    }

  public:
    static ehlo::mechanisms offered() {
        auto all = ehlo::mechanism::plain | ehlo::mechanism::login | ehlo::mechanism::xoauth2;
        return has_scram ? all | ehlo::mechanism::scram_sha_256 : all;
    }
    std::string const& name() const { return name_; }  // who has been authenticated, when `authenticated` was the answer
    ehlo::auth_answer begin(users const& all, ehlo::cmd::auth const& c) {
        *this = server_login();
        how_ = c.mechanism;
        if (!offered().has(how_)) return ehlo::reply("504 5.5.4 Mechanism not known");
        if (c.initial_response) return take_decoded(all, c);
        if (how_ == ehlo::mechanism::login) return ask(std::string(ehlo::sasl::login_user_name), step::login_name);
        return ask({}, step::first);
    }
    ehlo::auth_answer go_on(users const& all, ehlo::auth_response const& r) { return take_decoded(all, r); }
};

// The client's side. Each call writes one line.
class client_login {
    ehlo::mechanism how_ = ehlo::mechanism::unknown;
    std::string user_, password_, nonce_, bare_, salted_, first_, final_;
    bool deferred_ = false;   // the first message was too long for the command
    int challenges_ = 0;
    bool trusted_ = false;

    ehlo::sasl::scram_client_first scram_first() const {
        ehlo::sasl::scram_client_first m;
        m.user = user_;
        m.nonce = nonce_;
        return m;
    }
    template <class Use>
    auto with_first(Use&& use) const {
        if (how_ == ehlo::mechanism::plain) return use(ehlo::sasl::plain{{}, user_, password_});
        if (how_ == ehlo::mechanism::xoauth2) return use(ehlo::sasl::xoauth2{user_, password_});
        return use(scram_first());
    }
    ehlo::result<std::size_t> scram_final(ehlo::client& smtp, std::string_view challenge, ehlo::writer& out) {
        auto const first = ehlo::parse_scram_server_first(challenge);
        if (!first || !ehlo::is_continued_nonce(first->nonce, nonce_) || first->iterations < iterations || first->iterations > 10000000)
            return smtp.auth_cancel(out);
        first_ = challenge;
        bare_ = spelled(scram_first()).substr(3);  // without "n,,"
        salted_ = salted(password_, from_base64(first->salt), first->iterations);
        std::string const channel = in_base64("n,,");
        ehlo::sasl::scram_client_final last;
        last.channel = channel;
        last.nonce = first->nonce;
        final_ = spelled(last);
        std::string proof(digest, '\0'), scratch(digest, '\0');
        ehlo::make_scram_proof(sha256(), salted_, {bare_, first_, final_}, proof.data(), scratch.data());
        std::string const text = in_base64(proof);
        last.proof = text;
        return smtp.auth_response(out, last);
    }
    ehlo::result<std::size_t> scram_verified(ehlo::client& smtp, std::string_view challenge, ehlo::writer& out) {
        auto const last = ehlo::parse_scram_server_final(challenge);
        std::string scratch(digest, '\0');
        trusted_ = last && ehlo::verify_scram_server(sha256(), salted_, {bare_, first_, final_}, from_base64(last->verifier), scratch.data());
        return trusted_ ? smtp.auth_response(out, std::string_view()) : smtp.auth_cancel(out);
    }

  public:
    // The best of what is offered and can be done, if none is asked for.
    static ehlo::mechanism choose(ehlo::mechanisms offered) {
        for (auto const m : {ehlo::mechanism::scram_sha_256, ehlo::mechanism::plain, ehlo::mechanism::login, ehlo::mechanism::xoauth2})
            if (offered.has(m) && (has_scram || m != ehlo::mechanism::scram_sha_256)) return m;
        return ehlo::mechanism::unknown;
    }
    bool trusted() const { return trusted_; }  // the server has shown that it knows the password, where the mechanism has that
    ehlo::result<std::size_t> begin(ehlo::client& smtp, ehlo::mechanism m, std::string user, std::string password, ehlo::writer& out) {
        *this = client_login();
        how_ = m;
        user_ = std::move(user);
        password_ = std::move(password);
        nonce_ = in_base64(random_octets());
        trusted_ = m != ehlo::mechanism::scram_sha_256;
        if (m == ehlo::mechanism::login) return smtp.auth(out, m);
        auto const written = with_first([&](auto const& message) { return smtp.auth(out, ehlo::name(m), message); });
        deferred_ = !written && written.error().code == ehlo::errc::line_too_long;
        return deferred_ ? smtp.auth(out, m) : written;
    }
    ehlo::result<std::size_t> answer(ehlo::client& smtp, ehlo::reply_view const& r, ehlo::writer& out) {
        auto const text = ehlo::parse_challenge(r);
        if (!text) return smtp.auth_cancel(out);
        std::string const challenge = from_base64(*text);
        int const n = challenges_++ - (deferred_ ? 1 : 0);
        if (n < 0) return with_first([&](auto const& message) { return smtp.auth_response(out, message); });
        if (how_ == ehlo::mechanism::login && n < 2) return smtp.auth_response(out, ehlo::sasl::login{n == 0 ? user_ : password_});
        if (how_ == ehlo::mechanism::scram_sha_256 && n == 0) return scram_final(smtp, challenge, out);
        if (how_ == ehlo::mechanism::scram_sha_256 && n == 1) return scram_verified(smtp, challenge, out);
        if (how_ == ehlo::mechanism::xoauth2) return smtp.auth_response(out, std::string_view());  // why it failed; a refusal follows
        return smtp.auth_cancel(out);
    }
};

}  // namespace logins
