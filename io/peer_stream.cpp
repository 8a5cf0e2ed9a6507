#include "io/peer_stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

namespace tocsin {

namespace {

class in_the_clear final : public peer_stream {
public:
  explicit in_the_clear(int socket) : socket_(socket) {}
  stream_state shake() override { return stream_state::done; }
  stream_state read(char* to, std::size_t size, std::size_t& got) override {
    const ssize_t n = ::recv(socket_, to, size, 0);
    if (n == 0) return stream_state::ended;
    if (n < 0) return blocked(stream_state::wants_read);
    got = static_cast<std::size_t>(n);
    return stream_state::done;
  }
  stream_state write(std::string_view from, std::size_t& taken) override {
    const ssize_t n = ::send(socket_, from.data(), from.size(), MSG_NOSIGNAL);
    if (n < 0) return blocked(stream_state::wants_write);
    taken = static_cast<std::size_t>(n);
    return stream_state::done;
  }
  std::string trouble() const override { return trouble_; }

private:
  stream_state blocked(stream_state otherwise) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return otherwise;
    trouble_ = std::generic_category().message(errno);
    return stream_state::failed;
  }
  int socket_;
  std::string trouble_;
};

struct free_context {
  void operator()(SSL_CTX* c) const { SSL_CTX_free(c); }
};
struct free_session {
  void operator()(SSL* s) const { SSL_free(s); }
};

/// The oldest error of this thread, as OpenSSL words it; the others are forgotten.
std::string last_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "the other side broke off";
  const char* reason = ERR_reason_error_string(code);
  return reason ? reason : "error " + std::to_string(code);
}

class under_tls final : public peer_stream {
public:
  under_tls(SSL_CTX* context, int socket, bool accepted) : ssl_(SSL_new(context)) {
    if (!ssl_ || SSL_set_fd(ssl_.get(), socket) != 1) {
      trouble_ = last_error();
      ssl_.reset();
      return;
    }
    if (accepted) SSL_set_accept_state(ssl_.get());
    else SSL_set_connect_state(ssl_.get());
  }
  stream_state shake() override {
    if (!ssl_) return stream_state::failed;
    // Errors of other connections of this thread would be taken for ours.
    ERR_clear_error();
    return state_of(SSL_do_handshake(ssl_.get()));
  }
  stream_state read(char* to, std::size_t size, std::size_t& got) override {
    ERR_clear_error();
    return state_of(SSL_read_ex(ssl_.get(), to, size, &got));
  }
  stream_state write(std::string_view from, std::size_t& taken) override {
    ERR_clear_error();
    return state_of(SSL_write_ex(ssl_.get(), from.data(), from.size(), &taken));
  }
  std::string trouble() const override { return trouble_; }

private:
  stream_state state_of(int result) {
    if (result > 0) return stream_state::done;
    switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: return stream_state::wants_read;
    case SSL_ERROR_WANT_WRITE: return stream_state::wants_write;
    case SSL_ERROR_ZERO_RETURN: return stream_state::ended;
    default: break;
    }
    const long verified = SSL_get_verify_result(ssl_.get());
    trouble_ = last_error();
    if (verified != X509_V_OK) trouble_ = std::string{"certificate verify failed: "} + X509_verify_cert_error_string(verified);
    return stream_state::failed;
  }
  std::unique_ptr<SSL, free_session> ssl_;
  std::string trouble_;
};

class identity final : public tls_identity {
public:
  explicit identity(std::unique_ptr<SSL_CTX, free_context> context) : context_(std::move(context)) {}
  std::unique_ptr<peer_stream> stream(int socket, bool accepted) const override {
    return std::make_unique<under_tls>(context_.get(), socket, accepted);
  }

private:
  std::unique_ptr<SSL_CTX, free_context> context_;
};

/// A key with a passphrase would ask for it on the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

} // namespace

std::unique_ptr<peer_stream> clear_stream(int socket) { return std::make_unique<in_the_clear>(socket); }

result<std::shared_ptr<const tls_identity>> load_identity(const tls_files& files) {
  ERR_clear_error();
  std::unique_ptr<SSL_CTX, free_context> context{SSL_CTX_new(TLS_method())};
  if (!context) return fail(errc::io, "OpenSSL cannot be used: " + last_error());
  SSL_CTX* c = context.get();
  SSL_CTX_set_default_passwd_cb(c, no_passphrase);
  const auto unusable = [](const char* key, const std::string& file, const char* what) {
    return fail(errc::invalid, std::string{"cluster.tls."} + key + " '" + file + "' cannot be used: " + last_error() + "; " + what);
  };
  if (SSL_CTX_use_certificate_chain_file(c, files.certificate.c_str()) != 1)
    return unusable("certificate", files.certificate, "name a PEM file with this node's certificate first");
  if (SSL_CTX_use_PrivateKey_file(c, files.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return unusable("key", files.key, "name a PEM file with the key of this certificate, without a passphrase");
  if (SSL_CTX_check_private_key(c) != 1) return unusable("key", files.key, "name the key of this certificate");
  if (SSL_CTX_load_verify_locations(c, files.authority.c_str(), nullptr) != 1)
    return unusable("authority", files.authority, "name a PEM file with who signed the nodes' certificates");
  SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  return std::make_shared<const identity>(std::move(context));
}

} // namespace tocsin
