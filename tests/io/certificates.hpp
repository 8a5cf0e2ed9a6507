// A private authority and certificates signed by it, made for one test.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <memory>
#include <string>

#include "core/connections.hpp"

namespace tocsin::test {

class authority {
public:
  explicit authority(std::string folder) : folder_(std::move(folder)), key_{EVP_EC_gen("P-256")}, own_{certificate_of(key_.get(), "authority", nullptr, nullptr)} {
    write("ca.pem", [&](FILE* f) { PEM_write_X509(f, own_.get()); });
  }
  /// Files of a node that this authority signed.
  tls_files sign(const std::string& name) const {
    const key_ptr key{EVP_EC_gen("P-256")};
    const certificate_ptr made = certificate_of(key.get(), name, own_.get(), key_.get());
    write(name + ".pem", [&](FILE* f) { PEM_write_X509(f, made.get()); });
    write(name + ".key", [&](FILE* f) { PEM_write_PrivateKey(f, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    return {folder_ + "/" + name + ".pem", folder_ + "/" + name + ".key", folder_ + "/ca.pem"};
  }

private:
  struct free_key {
    void operator()(EVP_PKEY* k) const { EVP_PKEY_free(k); }
  };
  struct free_certificate {
    void operator()(X509* c) const { X509_free(c); }
  };
  using key_ptr = std::unique_ptr<EVP_PKEY, free_key>;
  using certificate_ptr = std::unique_ptr<X509, free_certificate>;

  static certificate_ptr certificate_of(EVP_PKEY* key, const std::string& name, X509* issuer, EVP_PKEY* issuer_key) {
    certificate_ptr made{X509_new()};
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), issuer ? 2 : 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
    X509_set_pubkey(made.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer ? issuer : made.get()));
    X509_sign(made.get(), issuer_key ? issuer_key : key, EVP_sha256());
    return made;
  }
  template <class Write>
  void write(const std::string& name, Write how) const {
    FILE* f = std::fopen((folder_ + "/" + name).c_str(), "w");
    if (!f) return;
    how(f);
    std::fclose(f);
  }
  std::string folder_;
  key_ptr key_;
  certificate_ptr own_;
};

} // namespace tocsin::test
