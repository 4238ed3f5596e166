// Owners for OpenSSL's handles.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>

#include <memory>

namespace sluice::message {

template <auto Free>
struct OpensslFree {
  template <class T>
  void operator()(T* handle) const {
    Free(handle);
  }
};

using BioPtr = std::unique_ptr<BIO, OpensslFree<&BIO_free_all>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, OpensslFree<&EVP_PKEY_free>>;
using PkeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, OpensslFree<&EVP_PKEY_CTX_free>>;
using MdCtxPtr = std::unique_ptr<EVP_MD_CTX, OpensslFree<&EVP_MD_CTX_free>>;
using MdPtr = std::unique_ptr<EVP_MD, OpensslFree<&EVP_MD_free>>;

}  // namespace sluice::message
