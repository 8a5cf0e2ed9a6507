#include "io/log.hpp"
