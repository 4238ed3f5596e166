// The field tables, by theme; schema.cpp binds them to Config. Only the schema's own files include this.
#pragma once

#include <span>

#include "config/schema.hpp"

namespace sluice::config::tables {

std::span<const Field> top();
std::span<const Field> log();
std::span<const Field> spool();
std::span<const Field> campaign();
std::span<const Field> store();
std::span<const Field> limits();
std::span<const Field> events();
std::span<const Field> suppression();

std::span<const Field> dns();
std::span<const Field> delivery();
std::span<const Field> tls();
std::span<const Field> retry();

std::span<const Field> http();
std::span<const Field> public_();
std::span<const Field> bounce();
std::span<const Field> listener();
std::span<const Field> dsn();
std::span<const Field> webhook();

std::span<const Field> source();
std::span<const Field> pool();
std::span<const Field> route();
std::span<const Field> dkim();
std::span<const Field> tenant();
std::span<const Field> sender();
std::span<const Field> policy();

std::span<const Field> shaping();
std::span<const Field> provider();
std::span<const Field> shaping_rule();
std::span<const Field> shaping_controller();

}  // namespace sluice::config::tables
