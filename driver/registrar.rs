// SPDX-License-Identifier: GPL-2.0

//! The life of a registration: how it begins, and how it ends.
//!
//! A registration ends when it is marked as dying, which whoever does it first does once: the
//! process itself (`/unr`), an administrator (`evict`), unloading, or the end of the process. From
//! then on nobody finds it. The last of these happens in atomic context, under `tasklist_lock` with
//! interrupts off, where none of the driver's locks may be taken; so it only marks, counts and hands
//! the rest to the work queue: closing the queue, waking sleepers, removing the kobject, freeing
//! the name. A new registration that meets one that is dying waits for that rest, so a name is free
//! as soon as anybody can know of the death.

use crate::{
    directory::Directory,
    errors::Failure,
    ffi::{
        attribute::c_name,
        credentials,
        exit_watch::{
            ExitWatch,
            OnExit, //
        },
        kobject::{
            Kobject,
            Parent, //
        },
        process_id::ProcessId,
        published::Deferral,
        trace,
        work_queue::WorkQueue, //
    },
    log::{
        Log,
        Reason, //
    },
    policy::{
        name::Name,
        paths,
        quota::Exceeded,
        refusal::Refusal,
        registry::{
            Applicant,
            Denied,
            Handle,
            Reserved, //
        }, //
    },
    process::{
        ProcessRef,
        Processes, //
    },
    registration::{
        End,
        Registrant,
        Registration, //
    },
    settings::{
        QueueSize,
        Settings, //
    },
    stats::Stats,
    timing::Timing,
    user::{
        Charge,
        User,
        Users, //
    }, //
};
use kernel::{
    impl_has_work,
    new_mutex,
    new_work,
    prelude::*,
    sync::{
        Arc,
        Completion,
        Mutex, //
    },
    task::{
        might_sleep,
        Kuid, //
    },
    workqueue::{
        Work,
        WorkItem, //
    }, //
};

/// Registers processes and ends their registrations.
#[pin_data]
pub(crate) struct Registrar {
    /// The parameters.
    pub(crate) settings: Settings,
    /// Who is registered.
    #[pin]
    pub(crate) directory: Directory<Attachments>,
    /// Who has to do with the device.
    pub(crate) processes: Arc<Processes>,
    users: Arc<Users>,
    /// The kernel log.
    #[pin]
    pub(crate) log: Log,
    /// The totals.
    #[pin]
    pub(crate) stats: Stats,
    /// When messages are sent.
    pub(crate) timing: Timing,
    /// What the kobjects of registrations are below.
    #[pin]
    parents: Mutex<Parents>,
    /// Completes when there is a kobject of the device.
    #[pin]
    ready: Completion,
    /// Where what is left of ended registrations is released.
    work: WorkQueue,
}

/// The kobjects above those of registrations.
#[derive(Default)]
struct Parents {
    /// That of the device, while it is registered.
    device: Option<Parent>,
    /// The folder of all queues.
    queues: Option<Pin<KBox<Kobject<()>>>>,
}

impl Parents {
    /// The folder of all queues, made now if it is not there.
    fn queues(&mut self) -> Result<&Kobject<()>> {
        if self.queues.is_none() {
            let device = self.device.as_ref().ok_or(ENODEV)?;
            let files = Arc::new((), GFP_KERNEL)?;
            self.queues = Some(Kobject::new(device, c_name!(paths::QUEUES), files)?);
        }
        self.queues.as_deref().ok_or(ENODEV)
    }
}

/// What refers to a registration from outside, and goes when it ends. Dropped in this order.
pub(crate) struct Attachments {
    _watch: Option<Pin<KBox<ExitWatch<Tenancy>>>>,
    _kobject: Pin<KBox<Kobject<Registration>>>,
    _charge: Charge,
    deferral: Pin<KBox<Deferral<Registration>>>,
}

/// A registration and who is to end it with its process.
#[pin_data]
pub(crate) struct Tenancy {
    registrar: Arc<Registrar>,
    registration: Arc<Registration>,
    #[pin]
    release_work: Work<Tenancy>,
}

impl Registrar {
    /// Without any registration.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            try_pin_init!(Self {
                settings: Settings::new(),
                directory <- Directory::new(),
                processes: Processes::new()?,
                users: Users::new()?,
                log <- Log::new(),
                stats <- Stats::new(),
                timing: Timing::new(),
                parents <- new_mutex!(Parents::default(), "mq_parents"),
                ready <- Completion::new(),
                work: WorkQueue::new(c"mq_driver")?,
            }? Error),
            GFP_KERNEL,
        )
    }

    /// Says below which kobject those of the registrations are to be. Who registers waits for that.
    pub(crate) fn set_device(&self, device: Parent) {
        let mut parents = self.parents.lock();
        parents.device = Some(device);
        // Where there is no memory for it now, the first registration tries again.
        let _ = parents.queues();
        drop(parents);
        self.ready.complete_all();
    }

    /// Has the calling process register, for itself or for an open file.
    ///
    /// # Errors
    ///
    /// What policy says; `ENOMEM`; `ERESTARTSYS` where a signal came while another registration was
    /// to go first.
    pub(crate) fn register(
        this: &Arc<Self>,
        name: Name,
        process: ProcessRef,
    ) -> Result<(), Failure> {
        let user = Kuid::current_euid();
        let who = Registrant {
            name,
            process,
            maker: ProcessId::current()?,
            user,
            quota_user: User::current(&this.users)?,
        };
        let applicant = Applicant {
            name,
            owner: who.process.key() as u64,
            user: credentials::key(user),
        };
        let size = this.settings.queue_size();
        let reserved = this.reserve(applicant, &who.quota_user, size)?;
        let charge = Charge::registration(who.quota_user.clone(), size.reservation);
        let maker = who.maker.clone();
        if let Err(error) = Self::set_up(this, who, size, charge, reserved) {
            this.directory.cancel(reserved.handle);
            return Err(error.into());
        }
        trace::register(|| (name.key(), &maker, applicant.user as u32, size.len as u32));
        Ok(())
    }

    /// Keeps a place in the directory and counts it against the quota. Who is dying, or has exited
    /// without anybody having noticed, is waited for.
    fn reserve(&self, who: Applicant, user: &User, size: QueueSize) -> Result<Reserved, Failure> {
        let mut limits = Some(self.settings.quota_limits());
        let mut all_settled = false;
        // Of those who came meanwhile nobody is waited for, or this might never end.
        let latest = self.directory.latest();
        loop {
            let charge = || {
                user.register(size.reservation, limits)
                    .map_err(|exceeded| match exceeded {
                        Exceeded::Registrations => Refusal::RegistrationsExceeded,
                        Exceeded::Bytes => Refusal::BytesExceeded,
                    })
            };
            let max = self.settings.max_devices.get();
            let Denied {
                refusal,
                blocked_by,
            } = match self.directory.reserve(who, max, charge)? {
                Ok(reserved) => return Ok(reserved),
                Err(denied) => denied,
            };
            match blocked_by {
                Some(holder) if holder.sequence() <= latest && self.is_over(holder) => {
                    self.directory.wait_until_removed(holder)?;
                }
                Some(_) => return Err(refusal.into()),
                None if limits.is_some()
                    && refusal != Refusal::TableFull
                    && credentials::may_exceed_quota() =>
                {
                    limits = None;
                }
                None if !all_settled => {
                    self.settle_all();
                    all_settled = true;
                }
                None => return Err(refusal.into()),
            }
        }
    }

    /// Whether a registration has ended, or its process has, in which case it is ended here.
    fn is_over(&self, holder: Handle) -> bool {
        match self.directory.get(holder) {
            None => !self.directory.holds(holder),
            Some(registration) => {
                if registration.process().has_exited() {
                    self.end(&registration);
                }
                registration.is_dying()
            }
        }
    }

    /// Releases whatever anybody can know to be over.
    fn settle_all(&self) {
        let last = self.directory.latest();
        let mut place = Handle::START;
        while let Some(registration) = self.directory.after(place) {
            place = registration.handle();
            if place.sequence() > last {
                break;
            }
            if registration.process().has_exited() {
                self.end(&registration);
            }
            might_sleep();
        }
        // Even if none is counted as dying: one that is marked may not have been counted yet.
        self.work.flush();
    }

    /// Makes a registration for which a place is reserved, and ends the one that it replaces.
    fn set_up(
        this: &Arc<Self>,
        who: Registrant,
        size: QueueSize,
        charge: Charge,
        reserved: Reserved,
    ) -> Result {
        let name = who.name;
        let process = who.process.clone();
        let registration = Registration::new(who, size, reserved.handle)?;
        let deferral = Deferral::new()?;
        let watch = process
            .pid()
            .map(|pid| Self::watch(this, pid, registration.clone()))
            .transpose()?;
        let replaced = reserved
            .replaces
            .and_then(|handle| this.directory.get(handle));
        // Two kobjects cannot have one name, so there the old registration goes first, and is gone
        // even if there is no memory for the new one's kobject.
        let (before, after) = match replaced {
            Some(old) if old.name() == name => (Some(old), None),
            other => (None, other),
        };
        before.map_or(Ok(()), |old| this.end_and_wait(&old))?;
        let attachments = Attachments {
            _kobject: this.add_kobject(name, registration.clone())?,
            _watch: watch,
            _charge: charge,
            deferral,
        };
        after.map_or(Ok(()), |old| this.end_and_wait(&old))?;
        // Before anybody can find it, and so before anybody can end it.
        process.set_registered(registration.user_key());
        this.directory
            .install(registration, attachments)
            .inspect_err(|_| process.set_unregistered())
    }

    /// Has a registration end with its process.
    fn watch(
        this: &Arc<Self>,
        pid: &ProcessId,
        registration: Arc<Registration>,
    ) -> Result<Pin<KBox<ExitWatch<Tenancy>>>> {
        let tenancy = Arc::pin_init(
            pin_init!(Tenancy {
                registrar: this.clone(),
                registration,
                release_work <- new_work!("mq_release"),
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        ExitWatch::current(pid.clone(), tenancy)
    }

    fn add_kobject(
        &self,
        name: Name,
        registration: Arc<Registration>,
    ) -> Result<Pin<KBox<Kobject<Registration>>>> {
        self.ready.wait_for_completion();
        let mut parents = self.parents.lock();
        let queues = parents.queues()?;
        let name = name.with_zero();
        let name = CStr::from_bytes_until_nul(&name).map_err(|_| EINVAL)?;
        Kobject::new(&queues.as_parent(), name, registration)
    }

    /// Ends a registration, and has released what is left of it on return. Returns false if it had
    /// ended before.
    pub(crate) fn end(&self, registration: &Registration) -> bool {
        let first = self.mark(registration, End::Called);
        if first {
            self.tear_down(registration);
        }
        first
    }

    /// Ends a registration, or waits until whoever has done so is through with it.
    fn end_and_wait(&self, registration: &Registration) -> Result {
        if self.end(registration) {
            return Ok(());
        }
        self.directory.wait_until_removed(registration.handle())
    }

    fn mark(&self, registration: &Registration, end: End) -> bool {
        let first = registration.set_dying(end);
        if first {
            self.directory.count_dying();
        }
        first
    }

    /// Does what is to be done once, after a registration has been marked as dying. Sleeps.
    fn tear_down(&self, registration: &Registration) {
        registration.process().set_unregistered();
        let discarded = registration.close();
        let attachments = self.directory.detach(registration.handle());
        let deferral = attachments.map(|attachments| attachments.deferral);
        registration.fold(&self.stats);
        let retired = self.directory.remove(registration.handle());
        if let (Some(retired), Some(deferral)) = (retired, deferral) {
            retired.drop_deferred(deferral, &self.work);
        }
        trace::unregister(|| {
            (
                registration.name().key(),
                registration.pid(),
                discarded as u32,
            )
        });
        if discarded > 0 {
            self.log.note(
                Reason::Discard,
                fmt!(
                    "{}: has ended, {} messages discarded",
                    registration.name().as_str(),
                    discarded
                ),
            );
        }
    }

    /// Ends all registrations, waits until nothing of them is left, and gives up the kobjects.
    pub(crate) fn end_all(&self) {
        let mut place = Handle::START;
        while let Some(registration) = self.directory.after(place) {
            place = registration.handle();
            self.end(&registration);
        }
        self.directory.wait_until_empty();
        self.work.flush();
        let parents = core::mem::take(&mut *self.parents.lock());
        drop(parents.queues);
    }
}

impl OnExit for Tenancy {
    fn process_ended(self: Arc<Self>) {
        let this = self.clone();
        // Never refused: it is queued here alone, and here only once. Before the mark, so that
        // whoever sees that can wait for the work.
        let _ = this.registrar.work.queue().enqueue(self);
        this.registrar.mark(&this.registration, End::Exited);
    }
}

impl_has_work! {
    impl HasWork<Self> for Tenancy { self.release_work }
}

impl WorkItem for Tenancy {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        // This may well run before the mark is set.
        this.registrar.mark(&this.registration, End::Exited);
        if this.registration.has_exited() {
            this.registrar.tear_down(&this.registration);
        }
    }
}
