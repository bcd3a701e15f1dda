/*
 * view.h - reading one tenant's inventory with SQL: what a store's backend offers, for those above.
 */
#pragma once

#include "server/store/view.h"
