// base.hpp for unit tests.
#pragma once

#include "cmake/pch/base.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
