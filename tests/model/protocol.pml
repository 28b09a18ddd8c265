/*
 * A model of how git-build changes the shared branch: three clients acquire and release one lock, by
 * commits that are pushed onto exactly the tip that they were made for. Pushes get lost, their results
 * get lost, or they arrive after the client has given up; clients are killed; leases expire; the clock
 * of the first client is ahead of that of the shared repository.
 *
 * The parts of the model, and their place in the program:
 *
 *	fetch, look, decide, push	transaction_run() in src/deliver/transaction.c
 *	what is decided			acquire() and release() in src/request/locks.c
 *	refused				check_lock() in src/guard/claims.c
 *
 * The assertions: by the clock of the shared repository, no two clients hold the lock; no request is
 * applied twice; an acknowledged request is never lost, and a refused one is never applied; and if a
 * holder that does not know that it has lost the lock writes to another system, the fence prevents
 * that write from undoing that of a later holder.
 *
 * `tests/model/run` also checks mutants, each without one part of the protocol, in which an assertion
 * must fail: NO_LEASE, NO_LOOK, NO_GUARD, NO_FENCE, BELIEVE_REFUSAL.
 */
#define CLIENTS 3
#define OPERATIONS 2 /* per client, at most */
#define TOGETHER 3   /* of all clients, at most */
#define TRIES 1      /* how often a push with an unknown result is tried again */
#define TTL 1
#define END_OF_TIME 2
#define AHEAD(client) (client == 0 -> 1 : 0)
#define NOBODY 255

typedef branch {
	byte tip;    /* which commit */
	byte has;    /* the requests in its history, one bit each */
	byte holder; /* of the lock */
	byte until;
	byte fence
}

/* A push that the client believes lost, and that still arrives. */
typedef push {
	bool there;
	byte base, has, operation, until, fence;
	bool takes
}

branch shared;
push late[CLIENTS];
byte clock; /* of the shared repository */

/* Variables for the assertions only. */
byte happened, acknowledged, refused; /* requests, one bit each */
bool second_has_started;
byte asked_for;                       /* the number of requests */
byte acquisitions;                    /* their number */
byte acquisition[CLIENTS];            /* the number of the client's last one */
byte lease[CLIENTS];                  /* until when it holds the lock by that one; 0: not */
byte given[CLIENTS];                  /* its fence */

/* The other system that the lock protects: the highest fence that has written, and its acquisition. */
byte seen_fence, seen_acquisition;

mtype = { ARRIVED, LOST_RACE, REFUSED }

#ifdef NO_LEASE
#define ON_TIP(base) true
#else
#define ON_TIP(base) (shared.tip == base)
#endif

#ifdef NO_GUARD
#define IS_HELD(client) false
#else
#define IS_HELD(client)                                                                            \
	(shared.holder != NOBODY && shared.holder != client && shared.until > clock)
#endif

#ifdef NO_LOOK
#define HAS_HAPPENED false
#else
#define HAS_HAPPENED (view.has & operation)
#endif

#ifdef NO_FENCE
#define NEXT_FENCE view.fence
#else
#define NEXT_FENCE view.fence + 1
#endif

/* If the result of an earlier push is unknown, that push may still arrive after the guard has refused
 * a later one: then the refusal is not the answer. */
#ifdef BELIEVE_REFUSAL
#define IS_NO true
#else
#define IS_NO (tries == 0)
#endif

/* The last two clients are identical: starting them in this order leaves out only mirror images. */
#define MAY_START(client) (client != 2 || second_has_started)

/* The shared repository receives a push of `client`; the result is `verdict`. */
inline receive(client, base_, has_, operation_, takes_, until_, fence_)
{
	if
	:: !ON_TIP(base_) -> verdict = LOST_RACE
	:: ON_TIP(base_) && takes_ && IS_HELD(client) -> verdict = REFUSED
	:: else ->
		verdict = ARRIVED;
		assert(!(happened & operation_)); /* nothing is applied twice */
		assert(!(refused & operation_));  /* or after a refusal */
		happened = happened | operation_;
		shared.tip++;
		shared.has = has_ | operation_;
		shared.until = until_;
		shared.fence = fence_;
		if
		:: takes_ ->
			/* No other client holds it by this clock. */
			assert(client == 0 || lease[0] <= clock);
			assert(client == 1 || lease[1] <= clock);
			assert(client == 2 || lease[2] <= clock);
			shared.holder = client;
			acquisitions++;
			acquisition[client] = acquisitions;
			lease[client] = until_;
			given[client] = fence_
		:: else ->
			shared.holder = NOBODY;
			lease[client] = 0
		fi;
		/* Acknowledged requests are kept. */
		assert((shared.has & acknowledged) == acknowledged)
	fi
}

inline fetch()
{
	view.tip = shared.tip; view.has = shared.has; view.holder = shared.holder;
	view.until = shared.until; view.fence = shared.fence
}

/* A client ends a request, and forgets its data. */
inline forget()
{
	operation = 0; asked = 0; tries = 0; until = 0; fence = 0; verdict = 0;
	fresh = false; releases = false;
	view.tip = 0; view.has = 0; view.holder = 0; view.until = 0; view.fence = 0
}

/* The answers to a client. */
inline acknowledge()
{
	acknowledged = acknowledged | operation;
	assert(shared.has & operation);
	holds = !releases;
	if
	:: holds -> assert(fence == given[me]); held_fence = fence
	:: else -> held_fence = 0
	fi;
	forget()
}

inline refuse()
{
	refused = refused | operation;
	assert(!(happened & operation));
	if
	:: releases -> holds = false; held_fence = 0
	:: else -> skip
	fi;
	forget()
}

/* It gives up, or is killed and started again: the request may be applied, without an answer. */
inline give_up()
{
	holds = false;
	held_fence = 0;
	forget()
}

/* A client uses the lock to write to another system; its lease may have expired unnoticed. */
inline write_elsewhere()
{
	if
	:: held_fence >= seen_fence ->
		assert(acquisition[me] >= seen_acquisition);
		seen_fence = held_fence;
		seen_acquisition = acquisition[me]
	:: else -> skip /* the fence has stopped it */
	fi
}

/* Send the push of a client, and store the result: 0 if there is none. */
inline send()
{
	if
	:: receive(me, view.tip, view.has, operation, !releases, until, fence);
		if
		:: true -> skip
		:: verdict == ARRIVED -> verdict = 0 /* the result is lost */
		fi
	:: verdict = 0 /* the push is lost */
	:: !late[me].there ->
		late[me].there = true;
		late[me].base = view.tip;
		late[me].has = view.has;
		late[me].operation = operation;
		late[me].until = until;
		late[me].fence = fence;
		late[me].takes = !releases;
		verdict = 0
	fi
}

proctype client(byte me)
{
	byte done, operation, asked, tries;
	byte until, fence; /* as pushed */
	bool fresh;        /* has it fetched since the request began? */
	bool releases;
	bool holds; /* as far as the client knows */
	byte held_fence;
	branch view; /* as last fetched */
	mtype verdict;

idle:
	atomic {
		if
		:: done < OPERATIONS && asked_for < TOGETHER && MAY_START(me) ->
			asked_for++;
			second_has_started = second_has_started || me == 1;
			operation = 1 << (me * OPERATIONS + done);
			done++;
			asked = clock + AHEAD(me);
			releases = holds;
			fetch();
			goto decide
		:: holds ->
			write_elsewhere();
			if
			:: true -> skip
			:: give_up()
			fi;
			goto idle
		:: (done == OPERATIONS || asked_for == TOGETHER) -> goto end
		fi
	}

again:
	atomic {
		fetch();
		fresh = true
	}

	/* Decide by the fetched state, and push; the branch may have moved since. */
decide:
	atomic {
		if
		:: HAS_HAPPENED -> acknowledge(); goto idle
		:: !HAS_HAPPENED && releases && view.holder == me && view.fence == held_fence ->
			until = 0;
			fence = view.fence
		:: !HAS_HAPPENED && !releases && (view.holder == NOBODY || view.until <= asked) ->
			until = asked + TTL;
			fence = NEXT_FENCE
		:: else ->
			/* A refusal is final only for the current state. */
			if
			:: fresh -> refuse(); goto idle
			:: else -> goto again
			fi
		fi;
		send();
		if
		:: verdict == ARRIVED -> acknowledge(); goto idle
		:: verdict == LOST_RACE -> verdict = 0; goto again
		:: verdict == REFUSED && IS_NO -> refuse(); goto idle
		:: verdict == REFUSED && !IS_NO -> give_up(); goto idle
		:: verdict == 0 && tries < TRIES -> tries++; goto again
		:: verdict == 0 -> give_up(); goto idle
		fi
	}
end:
	skip
}

/* Pushes that were believed lost arrive, in any order, at any time. */
proctype network()
{
	byte i;
	mtype verdict;
end:
	do
	:: atomic {
		if
		:: late[0].there -> i = 0
		:: late[1].there -> i = 1
		:: late[2].there -> i = 2
		fi;
		late[i].there = false;
		receive(i, late[i].base, late[i].has, late[i].operation, late[i].takes,
			late[i].until, late[i].fence);
		late[i].base = 0; late[i].has = 0; late[i].operation = 0;
		late[i].until = 0; late[i].fence = 0; late[i].takes = false;
		verdict = 0; i = 0
	   }
	od
}

proctype time_passes()
{
end:
	do
	:: atomic {
		clock < END_OF_TIME -> clock++;
		/* Finished requests add no states. */
		if :: lease[0] <= clock -> lease[0] = 0 :: else fi;
		if :: lease[1] <= clock -> lease[1] = 0 :: else fi;
		if :: lease[2] <= clock -> lease[2] = 0 :: else fi
	   }
	od
}

init {
	atomic {
		shared.holder = NOBODY;
		run client(0);
		run client(1);
		run client(2);
		run network();
		run time_passes()
	}
}
