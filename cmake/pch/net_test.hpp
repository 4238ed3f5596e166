// net.hpp for unit tests.
#pragma once

#include "cmake/pch/net.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
